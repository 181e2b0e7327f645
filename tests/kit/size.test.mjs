// What a page with React loads beside `everlit`.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { brotliCompressSync, constants } from "node:zlib";
import { build } from "esbuild";

const DIST = new URL("../../crates/web/dist/", import.meta.url);
/** Bytes, compressed as a host does it that compresses once. */
const BUDGET = 2_048;
const ENTRIES = {
  "react/index.js": ["../everlit.js", "../store/index.js", "react"],
  "store/index.js": [],
};
const read = (file) => readFileSync(new URL(file, DIST));

test(`everlit/react with everlit/store is at most ${BUDGET} bytes`, () => {
  const sizes = Object.keys(ENTRIES).map((file) => [file, brotliCompressSync(read(file), { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length]);
  const sum = sizes.reduce((all, [, size]) => all + size, 0);
  assert.ok(sum <= BUDGET, `${sum} bytes: ${JSON.stringify(sizes)}`);
});

for (const [file, expected] of Object.entries(ENTRIES)) {
  test(`${file} imports ${expected.join(", ") || "nothing"}, at once or later, and nothing else`, async () => {
    const { metafile } = await build({ stdin: { contents: read(file).toString() }, bundle: true, write: false, metafile: true, format: "esm", external: ["*"] });
    const [{ imports }] = Object.values(metafile.inputs);
    assert.deepEqual([...new Set(imports.map(({ path }) => path))].sort(), expected);
  });
}
