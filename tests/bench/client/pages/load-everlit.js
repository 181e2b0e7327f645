import { openSession } from "everlit";

// Everything is loaded, compiled and instantiated when the session puts its first question, which nobody gets here.
globalThis.fetch = () => {
  bench.done({ took: bench.took() });
  return new Promise(() => {});
};
void openSession();
