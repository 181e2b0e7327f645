import { useIdlePrompt } from "everlit/react";

/** Asks whether the user is there, a minute before the Worker's idle limit. */
export function StillThere() {
  const { prompted, left, stay } = useIdlePrompt();
  if (!prompted) return null;
  return (
    <dialog open>
      You will be logged out in {Math.ceil((left ?? 0) / 1_000)} s. <button onClick={stay}>I am here</button>
    </dialog>
  );
}
