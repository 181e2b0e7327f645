// A picture of few colours as a PNG with a palette, which takes a third of the room: pngjs reads these, and writes none.

import { crc32, deflateSync } from "node:zlib";
import { PNG } from "pngjs";

/** Of what a palette holds, by its size. @type {[number, number][]} */
const DEPTHS = [[2, 1], [4, 2], [16, 4], [256, 8]];

/** @param {PNG} picture without anything that is transparent @returns {Buffer} */
export function shrunk({ width, height, data }) {
  const colours = new Map();
  const pixels = new Uint8Array(width * height);
  for (let at = 0; at < pixels.length; at += 1) {
    const colour = data.readUIntBE(4 * at, 3);
    if (!colours.has(colour)) colours.set(colour, colours.size);
    pixels[at] = colours.get(colour);
  }
  const [, depth] = DEPTHS.find(([most]) => colours.size <= most) ?? [];
  if (!depth) return PNG.sync.write(Object.assign(new PNG({ width, height }), { data }), { colorType: 2, deflateLevel: 9, deflateStrategy: 0, filterType: 0 });
  const line = Math.ceil((width * depth) / 8) + 1;
  const raw = Buffer.alloc(line * height);
  pixels.forEach((colour, at) => {
    const bit = (at % width) * depth;
    raw[Math.floor(at / width) * line + 1 + (bit >> 3)] |= colour << (8 - depth - (bit & 7));
  });
  const palette = Buffer.alloc(3 * colours.size);
  for (const [colour, n] of colours) palette.writeUIntBE(colour, 3 * n, 3);
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([depth, 3, 0, 0, 0], 8);
  const parts = [chunk("IHDR", head), chunk("PLTE", palette), chunk("IDAT", deflateSync(raw, { level: 9 })), chunk("IEND", Buffer.alloc(0))];
  return Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), ...parts]);
}

/** @param {string} name @param {Buffer} content */
function chunk(name, content) {
  const named = Buffer.concat([Buffer.from(name, "latin1"), content]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
}
