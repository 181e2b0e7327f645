import { withStand } from "./stand.mjs";
import { readFileSync, writeFileSync } from "node:fs";
const name = process.argv[2] ?? "load-everlit";
await withStand(async (stand) => {
  for (let i = 0; i < 2; i++) await stand.visit(name);
  for (let i = 0; i < 3; i++) {
    const b = stand.browser;
    await b.startTracing(undefined, { path: `/work/lab/trace-${name}-${i}.json`, categories: ["devtools.timeline", "v8", "disabled-by-default-v8.compile", "disabled-by-default-devtools.timeline", "blink.user_timing", "loading", "v8.wasm", "disabled-by-default-v8.wasm.detailed", "disabled-by-default-v8.wasm.turbofan"] });
    console.log(name, (await stand.visit(name)).took);
    await b.stopTracing();
  }
}, { batches: 1 });
