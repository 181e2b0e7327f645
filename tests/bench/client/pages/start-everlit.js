import { openSession } from "everlit";

const session = await openSession();
if (session.state !== "active") throw new Error(`the session is ${session.state}`);
const started = bench.took();
// What the page has loaded until then, beside itself and its question.
const files = performance.getEntriesByType("resource").map(({ name }) => new URL(name).pathname).filter((path) => !path.startsWith("/auth/"));

// What the user waits for next, at once: what `session.fetch` is made of may still be on its way.
const call = async () => {
  const began = performance.now();
  const response = await session.fetch("/api/orders");
  if (response.status !== 200) throw new Error(`a call was answered ${response.status}`);
  await response.arrayBuffer();
  return performance.now() - began;
};
const [first, second] = [await call(), await call()];
bench.done({ took: started, first, second, files });
