// A picture beside the one that a person has looked at. The rule is that of `tests/elements/pictures.test.mjs`, but for how much may differ:
// of a whole page a hundredth would be a button.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import pixelmatch from "pixelmatch";
import { PNG } from "pngjs";
import { shrunk } from "./shrunk.mjs";

const folder = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));
export const REFERENCE = folder("reference/");
const DIFFERENT = folder("../../target/desk-pictures/");
/** How much of a picture may be another colour: letters are drawn a little differently by another version of the browser. */
const TOLERANCE = 0.0003;
/** How far a colour may be off before it is another one: a green that becomes a blue as dark is further. */
const THRESHOLD = 0.1;

/** Those that were compared. @type {Set<string>} */
export const taken = new Set();

/**
 * Why a picture is not the one that it was; nothing where it is. With EVERLIT_PICTURES=write it becomes that one.
 *
 * @param {string} name @param {Buffer} png
 * @returns {string[]}
 */
export function differs(name, png) {
  const file = `${name}.png`;
  taken.add(file);
  const shot = PNG.sync.read(png);
  const { width, height } = shot;
  const known = existsSync(REFERENCE + file) ? PNG.sync.read(readFileSync(REFERENCE + file)) : undefined;
  if (process.env.EVERLIT_PICTURES === "write") {
    const same = known && known.width === width && known.height === height && !pixelmatch(known.data, shot.data, undefined, width, height, { threshold: THRESHOLD });
    if (!same) writeFileSync(REFERENCE + file, shrunk(shot));
    return [];
  }
  const diff = new PNG({ width, height });
  const why = !known
    ? "there is none to compare it with"
    : known.width !== width || known.height !== height
      ? `it is ${width} × ${height}, and was ${known.width} × ${known.height}`
      : pixelmatch(known.data, shot.data, diff.data, width, height, { threshold: THRESHOLD }) > TOLERANCE * width * height && "more than three in ten thousand of its points are another colour";
  if (!why) return [];
  mkdirSync(DIFFERENT, { recursive: true });
  writeFileSync(DIFFERENT + file, PNG.sync.write(shot));
  writeFileSync(`${DIFFERENT}${name}.diff.png`, PNG.sync.write(diff));
  return [`${name}: ${why}`];
}
