import { openSession } from "everlit";
import wasm from "everlit/everlit.wasm";

// Everything is loaded, compiled and instantiated when the session puts its first question, which nobody gets here.
const real = fetch;
globalThis.fetch = (input, init) => {
  if (!String(input).includes("/auth/")) return real(input, init);
  bench.done({ took: bench.took() });
  return new Promise(() => {});
};
void openSession({ wasm });
