// The inside of the package: its TypeScript, bundled as it is now, around the Wasm module of the last build.

import { existsSync, readFileSync } from "node:fs";
import { build } from "esbuild";

const web = new URL("../../crates/web/", import.meta.url);
const golden = new URL("../../crates/wire/golden/", import.meta.url);
const module = new URL("build/everlit_web_bg.wasm", web);
if (!existsSync(module)) throw new Error("the Wasm module is not built: cargo xtask build --web");

const names = [
  "abi",
  "activity",
  "beside",
  "call",
  "channel",
  "chunk",
  "diagnosis",
  "errors",
  "events",
  "explain",
  "fallback/index",
  "fallback/machine",
  "given",
  "lifecycle",
  "load",
  "lock",
  "machine",
  "operation",
  "need",
  "options",
  "popups",
  "reauth/channel",
  "reauth/index",
  "reauth/machine",
  "reauth/wire",
  "relogin",
  "silent",
  "socket",
  "tab",
  "timer",
  "transport",
  "wire",
];
/** What the package's build leaves parentheses of. */
const banner = { js: "const EAGER = (work) => work;" };
const bundled = await build({
  stdin: {
    contents: names.map((name) => `export * as ${name.replace(/\W(\w)/g, (_, letter) => letter.toUpperCase())} from "./${name}.ts";`).join("\n"),
    resolveDir: new URL("ts/", web).pathname,
    loader: "ts",
  },
  bundle: true,
  format: "esm",
  platform: "neutral",
  banner,
  write: false,
});

export const inside = await import(`data:text/javascript;base64,${Buffer.from(bundled.outputFiles[0].contents).toString("base64")}`);
/** The chunk of the event socket once more, as a SharedWorker runs it. */
const shared = await build({
  entryPoints: [new URL("ts/events.ts", web).pathname],
  bundle: true,
  format: "esm",
  banner,
  write: false,
});
let runs = 0;
export const runShared = () => import(`data:text/javascript;base64,${Buffer.from(shared.outputFiles[0].contents).toString("base64")}#${(runs += 1)}`);

const compiled = new WebAssembly.Module(readFileSync(module));

/** A machine of its own. */
export const machine = () => new WebAssembly.Instance(compiled).exports;

/** The message in a golden file, a fresh copy each time. @param {string} name */
export const message = (name) => JSON.parse(readFileSync(new URL(`${name}.json`, golden), "utf8"));
