import { openSession } from "everlit";
import wasm from "everlit/everlit.wasm";

const session = await openSession({ wasm });
if (session.state !== "active") throw new Error(`the session is ${session.state}`);
const started = bench.took();

// What the user waits for next, at once: what `session.fetch` is made of may still be on its way.
const call = async () => {
  const began = performance.now();
  const response = await session.fetch("/api/orders");
  if (response.status !== 200) throw new Error(`a call was answered ${response.status}`);
  await response.arrayBuffer();
  return performance.now() - began;
};
const [first, second] = [await call(), await call()];
const [script, module] = bench.loaded(".js", ".wasm");
bench.done({ took: started, first, second, scriptEnd: script.responseEnd, wasmStart: module.startTime });
