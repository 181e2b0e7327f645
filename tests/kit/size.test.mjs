// What a page with React loads beside `everlit`. How much that may be is said and held by `cargo xtask size` and the tier `deploy`,
// which weigh what the manifest names: here is seen that it names all of it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { build } from "esbuild";

const DIST = new URL("../../crates/web/dist/", import.meta.url);
// `everlit/reauth` comes when `useReauth` is used first, and is weighed with the elements.
const ENTRIES = {
  "react/index.js": ["../everlit.js", "../reauth/index.js", "../store/index.js", "react"],
  "store/index.js": [],
};
const read = (file) => readFileSync(new URL(file, DIST));

test("what is weighed as the React entry is all that a page with React loads on top", () => {
  assert.deepEqual(JSON.parse(read("manifest.json").toString()).react, Object.keys(ENTRIES));
});

for (const [file, expected] of Object.entries(ENTRIES)) {
  test(`${file} imports ${expected.join(", ") || "nothing"}, at once or later, and nothing else`, async () => {
    const { metafile } = await build({ stdin: { contents: read(file).toString() }, bundle: true, write: false, metafile: true, format: "esm", external: ["*"] });
    const [{ imports }] = Object.values(metafile.inputs);
    assert.deepEqual([...new Set(imports.map(({ path }) => path))].sort(), expected);
  });
}
