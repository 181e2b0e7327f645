import { openSession } from "everlit";

/** Calls in a batch: enough for the browser's clock, which is coarse on purpose. */
const CALLS = 500;
const WARM_UP = 6;

const session = await openSession();
if (session.state !== "active") throw new Error(`the session is ${session.state}`);
await (await session.fetch("/api/orders")).arrayBuffer();

const answer = new Response("[]");
let asked = 0;
globalThis.fetch = () => {
  asked += 1;
  return Promise.resolve(answer);
};
/** Microseconds that a call takes, one after the other. */
const each = async (call) => {
  const began = performance.now();
  for (let at = 0; at < CALLS; at += 1) await call("/api/orders");
  return ((performance.now() - began) * 1000) / CALLS;
};
const ours = (address) => session.fetch(address);
const stub = (address) => fetch(address);

const overheads = [];
for (let batch = -WARM_UP; batch < bench.batches; batch += 1) {
  // In turns: both have seen the same seconds.
  const overhead = (await each(ours)) - (await each(stub));
  if (batch >= 0) overheads.push(overhead);
}
if (asked !== 2 * CALLS * (WARM_UP + bench.batches)) throw new Error(`${asked} calls reached the stub`);
bench.done({ overheads });
