// What kind of project is there, and where its files belong.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { dependenciesOf, type Project } from "./project.js";
import type { Template } from "./template.js";
import { table } from "./wrangler-file.js";

export interface Layout {
  readonly template: Template;
  /** Whether the app is new: then its files are written, too. */
  readonly fresh: boolean;
  /** The folder that is served. */
  readonly assets: string;
  /** What builds it, and what has it built again; undefined where nothing is built. */
  readonly build: { readonly command: string; readonly watch: readonly string[] } | undefined;
  /** The client call. */
  readonly call: string;
}

export function layoutOf(project: Project, wanted: Template | undefined): Layout {
  const { folder, manifest } = project;
  const has = (path: string) => existsSync(join(folder, path));
  const packages = dependenciesOf(manifest);
  const bundles = "vite" in packages || ["ts", "js", "mjs", "mts"].some((end) => has(`vite.config.${end}`));
  const found: Template = bundles ? ("react" in packages ? "react" : "vite") : "plain";
  const template = wanted ?? (manifest ? found : "plain");
  const fresh = !manifest;
  const scripts = table(manifest?.scripts) ?? {};
  if (template === "plain") {
    const own = fresh || !("build" in scripts);
    const assets = own || !has("src") ? "public" : "dist";
    if (own) return { template, fresh, assets, build: { command: "node build.mjs", watch: ["build.mjs"] }, call: "public/session.js" };
    const typed = has("tsconfig.json");
    return { template, fresh, assets, build: { command: "npm run build", watch: ["src"] }, call: assets === "dist" ? `src/session.${typed ? "ts" : "js"}` : "public/session.js" };
  }
  const typed = fresh || has("tsconfig.json");
  const watch = ["src", "public", "index.html"].filter((path) => (fresh ? true : has(path)));
  const command = fresh || "build" in scripts ? "npm run build" : "npx vite build";
  return { template, fresh, assets: "dist", build: { command, watch }, call: `src/session.${typed ? "ts" : "js"}` };
}
