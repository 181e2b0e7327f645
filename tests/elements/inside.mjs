// What the elements decide, out of the package's TypeScript: pure, so that no browser is needed.

import { build } from "esbuild";

const web = new URL("../../crates/web/ts/elements/", import.meta.url);
const names = ["badge/view", "banner/machine", "banner/view", "reauth/view", "source/view", "badge/texts", "banner/texts", "reauth/texts", "source/texts", "standing", "words"];
const { outputFiles } = await build({
  stdin: {
    contents: names.map((name) => `export * as ${name.replace("/", "_")} from "./${name}.ts";`).join("\n"),
    resolveDir: web.pathname,
    loader: "ts",
  },
  bundle: true,
  format: "esm",
  platform: "neutral",
  loader: { ".css": "text" },
  write: false,
});

export const inside = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);

/** All words of a description, as they are read. */
export const words = (kids) => kids.map((kid) => (typeof kid === "string" ? kid : kid ? words(kid.kids) : "")).join(" ").replace(/\s+/g, " ").trim();

/** All elements of a description. */
export const all = (kids) => kids.flatMap((kid) => (kid && typeof kid === "object" ? [kid, ...all(kid.kids)] : []));

/** The element with this part. */
export const part = (kids, name) => all(kids).find(({ at }) => `${at.part ?? ""}`.split(" ").includes(name));
