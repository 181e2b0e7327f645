// A picture beside the one that a person has looked at: the one rule for the desk and for the elements.

import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import pixelmatch from "pixelmatch";
import { PNG } from "pngjs";
import { shrunk } from "./shrunk.mjs";

/** How much of a picture may be another colour: letters are drawn a little differently by another version of the browser. Of a page a hundredth would be a button. */
const TOLERANCE = 0.0003;
/** How far a colour may be off before it is another one: a green that becomes a blue as dark is further. */
const THRESHOLD = 0.1;

/** The pictures of one folder of tests, in its `reference`. With EVERLIT_PICTURES=write they become those that are taken. */
export class Pictures {
  /** Those that were compared. @type {Set<string>} */
  #taken = new Set();

  /** @param {string} test the URL of its file: what differs is written to `target/<its folder>-pictures` */
  constructor(test) {
    const folder = dirname(fileURLToPath(test));
    this.reference = join(folder, "reference");
    this.different = join(folder, "../../target", `${basename(folder)}-pictures`);
  }

  /**
   * Why a picture is not the one that it was; nothing where it is.
   *
   * @param {string} name @param {Buffer} png
   * @returns {string[]}
   */
  differs(name, png) {
    const file = `${name}.png`;
    this.#taken.add(file);
    const shot = PNG.sync.read(png);
    const place = join(this.reference, file);
    const known = existsSync(place) ? PNG.sync.read(readFileSync(place)) : undefined;
    if (process.env.EVERLIT_PICTURES === "write") {
      if (!known || other(known, shot)) writeFileSync(place, shrunk(shot));
      return [];
    }
    const diff = new PNG({ width: shot.width, height: shot.height });
    const why = known ? unlike(known, shot, diff) : "there is none to compare it with";
    if (!why) return [];
    mkdirSync(this.different, { recursive: true });
    writeFileSync(join(this.different, file), PNG.sync.write(shot));
    writeFileSync(join(this.different, `${name}.diff.png`), PNG.sync.write(diff));
    return [`${name}: ${why}`];
  }

  /** Pictures that nobody compares any more. */
  left() {
    return readdirSync(this.reference).filter((name) => !this.#taken.has(name));
  }
}

/**
 * Why one picture is not the other; nothing where it is.
 *
 * @param {PNG} known @param {PNG} shot @param {PNG} [diff] where it differs is drawn into it
 */
export function unlike(known, shot, diff) {
  const { width, height } = shot;
  if (known.width !== width || known.height !== height) return `it is ${width} × ${height}, and was ${known.width} × ${known.height}`;
  return other(known, shot, diff) > TOLERANCE * width * height ? "more than three in ten thousand of its points are another colour" : undefined;
}

/**
 * How many points are another colour. All of them where the size is another one.
 *
 * @param {PNG} known @param {PNG} shot @param {PNG} [diff]
 */
function other(known, shot, diff) {
  const { width, height } = shot;
  if (known.width !== width || known.height !== height) return width * height;
  return pixelmatch(known.data, shot.data, diff?.data, width, height, { threshold: THRESHOLD });
}
