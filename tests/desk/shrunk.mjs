// A picture as a PNG with a palette, which takes a fraction of the room: pngjs reads these, and writes none.

import { crc32, deflateSync } from "node:zlib";

/** So many a palette can hold. */
const MOST = 256;
const DEPTH = 8;
/** Colours that are alike but for so many bits of each part are one: the edges of letters, the steps of a shadow. */
const ALIKE = 4;

/**
 * Of colours that are alike the one that it has most of stands for all.
 *
 * @param {import("pngjs").PNG} picture without anything that is transparent
 * @returns {Buffer}
 */
export function shrunk({ width, height, data }) {
  /** @type {Map<number, number>} */
  const counts = new Map();
  for (let at = 0; at < data.length; at += 4) {
    const colour = data.readUIntBE(at, 3);
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  /** @type {Map<string, number>} */
  const alike = new Map();
  for (const [colour] of [...counts].sort(([one, n], [other, m]) => m - n || one - other)) {
    const about = partsOf(colour).map((part) => part >> ALIKE).join();
    if (!alike.has(about)) alike.set(about, colour);
  }
  const kept = [...alike.values()].slice(0, MOST);
  const places = new Map([...counts.keys()].map((colour) => [colour, nearest(kept, colour)]));
  // Each line begins with a byte that says how it is filtered: not at all.
  const raw = Buffer.alloc((width + 1) * height);
  for (let at = 0; at < width * height; at += 1) raw[at + Math.floor(at / width) + 1] = places.get(data.readUIntBE(4 * at, 3)) ?? 0;
  const palette = Buffer.alloc(3 * kept.length);
  kept.forEach((colour, n) => palette.writeUIntBE(colour, 3 * n, 3));
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([DEPTH, 3, 0, 0, 0], 8);
  const parts = [chunk("IHDR", head), chunk("PLTE", palette), chunk("IDAT", deflateSync(raw, { level: 9 })), chunk("IEND", Buffer.alloc(0))];
  return Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), ...parts]);
}

/** @param {number} colour @returns {[red: number, green: number, blue: number]} */
const partsOf = (colour) => [colour >> 16, (colour >> 8) & 255, colour & 255];

/** @param {readonly number[]} kept @param {number} colour @returns {number} its place */
function nearest(kept, colour) {
  const [red, green, blue] = partsOf(colour);
  const away = kept.map((one) => {
    const [r, g, b] = partsOf(one);
    return (r - red) ** 2 + (g - green) ** 2 + (b - blue) ** 2;
  });
  return away.indexOf(Math.min(...away));
}

/** @param {string} name @param {Buffer} content */
function chunk(name, content) {
  const named = Buffer.concat([Buffer.from(name, "latin1"), content]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
}
