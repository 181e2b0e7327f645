/** What tabs and windows of this origin tell each other of a person's answer. */
export const CHANNEL = "everlit-reauth";

/** What is told: somebody logged in, or what they brought was not taken. */
export type Word = { readonly vault: string; readonly kind: "answered" } | { readonly vault: string; readonly kind: "refused"; readonly says: string };

/** So long a sentence may be: anything of this origin can say one. */
const LONGEST = 400;

/** What is said, if it is something. */
export function wordOf(data: unknown): Word | undefined {
  const { v, vault, kind, says } = Object(data) as Record<string, unknown>;
  // Where the session itself knows it, it is not told.
  if (v !== 1 || typeof vault !== "string" || !vault.startsWith("service:")) return undefined;
  if (kind === "answered") return { vault, kind };
  return kind === "refused" && typeof says === "string" && says ? { vault, kind, says: says.slice(0, LONGEST) } : undefined;
}

/** Joins them, where there is a BroadcastChannel: elsewhere the status is asked for, and that has to do. */
export function join(heard: (message: unknown) => void): { readonly say: (message: object) => void; readonly leave: () => void } {
  try {
    const channel = new BroadcastChannel(CHANNEL);
    channel.onmessage = ({ data }) => heard(data);
    return { say: (message) => channel.postMessage(message), leave: () => channel.close() };
  } catch {
    return { say() {}, leave() {} };
  }
}
