// A document, and both Reacts in it, each bundled with what is built of the package.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Window } from "happy-dom";

export const window = new Window({ url: "https://app.example/" });
const names = ["document", "location", "Node", "Element", "HTMLElement", "HTMLIFrameElement", "Text", "Comment", "DocumentFragment", "SVGElement", "MutationObserver"];
for (const name of names) globalThis[name] = window[name];
globalThis.window = window;
// Newer Nodes have one of their own.
Object.defineProperty(globalThis, "navigator", { value: window.navigator, configurable: true });
for (const name of ["addEventListener", "removeEventListener"]) globalThis[name] = window[name].bind(window);
// In a bundle React's `act` takes a channel for each turn, and leaves it open.
const ports = [];
globalThis.MessageChannel = class extends MessageChannel {
  constructor() {
    super();
    ports.push(this.port1);
  }
};
after(() => ports.forEach((port) => port.close()));
globalThis.IS_REACT_ACT_ENVIRONMENT = true;

const require = createRequire(import.meta.url);
export const here = dirname(fileURLToPath(import.meta.url));
/** Where each React is found. */
const FOLDERS = { 18: join(here, "../react18"), 19: here };

/** What these sources export, bundled as a browser's bundler would. */
export async function bundled(contents, { alias = {}, ...options } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "everlit-kit-"));
  try {
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: here, loader: "ts" },
      bundle: true,
      format: "cjs",
      platform: "node",
      write: false,
      alias,
      define: { "process.env.NODE_ENV": '"development"', "import.meta.url": '"https://app.example/"' },
      logLevel: "error",
      ...options,
    });
    const file = join(folder, "bundle.cjs");
    writeFileSync(file, outputFiles[0].contents);
    return require(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A React with all that belongs to it, and `everlit/react` on it. */
export async function react(version) {
  const found = createRequire(join(FOLDERS[version], "package.json"));
  const folder = (name) => dirname(found.resolve(`${name}/package.json`));
  const parts = await bundled(
    `// Before React: it is told of what is mounted.
    export { performReactRefresh, register } from "./refresh.cjs";
    export * as React from "react";
    export { createRoot, hydrateRoot } from "react-dom/client";
    export { renderToString } from "react-dom/server";
    export * as everlit from "everlit/react";`,
    { alias: { react: folder("react"), "react-dom": folder("react-dom") } },
  );
  if (!parts.React.version.startsWith(`${version}.`)) throw new Error(`React ${version} was to be tested, and ${parts.React.version} is`);
  return parts;
}

/** A fresh element in the document. */
export function place(html = "") {
  const element = document.createElement("div");
  element.innerHTML = html;
  document.body.append(element);
  return element;
}
