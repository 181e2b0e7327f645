/*
 * Runs in workerd, behind the door: what the Durable Objects say to each other (worker/runtime/src/packed.rs), written down a second
 * time, so that tests say it in JSON. Both sides are one release, and the tables here are what that release says.
 */

/** How one thing is written and read. @typedef {{ pack: (value: any, into: number[]) => void, unpack: (from: Packet) => any }} Shape */

class Packet {
  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  /** @param {number} length */
  take(length) {
    if (this.at + length > this.bytes.length) throw new Error(`there are ${this.bytes.length} bytes, and ${length} are wanted at ${this.at}`);
    return this.bytes.subarray(this.at, (this.at += length));
  }
}

/** @type {Shape} */
const number = {
  pack: (value = 0, into) => void into.push(...new Uint8Array(BigUint64Array.of(BigInt(value)).buffer)),
  unpack: (from) => Number(new DataView(from.take(8).slice().buffer).getBigUint64(0, true)),
};

/** @type {Shape} */
const flag = { pack: (value = false, into) => void into.push(Number(value)), unpack: (from) => from.take(1)[0] !== 0 };

/** @type {Shape} */
const bytes = {
  pack: (value, into) => {
    number.pack(value.length, into);
    into.push(...value);
  },
  unpack: (from) => from.take(number.unpack(from)),
};

/** @type {Shape} */
const text = {
  pack: (value, into) => bytes.pack(new TextEncoder().encode(value), into),
  unpack: (from) => new TextDecoder("utf-8", { fatal: true }).decode(bytes.unpack(from)),
};

/** Sealed, in base64 where a test says it. @type {Shape} */
const sealed = {
  pack: (value, into) => bytes.pack(Uint8Array.from(atob(value), (letter) => letter.charCodeAt(0)), into),
  unpack: (from) => btoa(String.fromCharCode(...bytes.unpack(from))),
};

/** What may be missing. @param {Shape} shape @returns {Shape} */
const maybe = (shape) => ({
  pack: (value, into) => {
    into.push(Number(value !== undefined));
    if (value !== undefined) shape.pack(value, into);
  },
  unpack: (from) => (from.take(1)[0] ? shape.unpack(from) : undefined),
});

/** @param {Shape} shape @returns {Shape} */
const list = (shape) => ({
  pack: (value = [], into) => {
    number.pack(value.length, into);
    for (const one of value) shape.pack(one, into);
  },
  unpack: (from) => Array.from({ length: number.unpack(from) }, () => shape.unpack(from)),
});

/** Members in their order. @param {Record<string, Shape>} members @returns {Shape} */
const struct = (members) => ({
  pack: (value = {}, into) => {
    for (const [name, shape] of Object.entries(members)) shape.pack(value[name], into);
  },
  unpack: (from) => Object.fromEntries(Object.entries(members).map(([name, shape]) => [name, shape.unpack(from)])),
});

/** One of several: its name, or an object with its name and its members. @param {[name: string, shape?: Shape][]} variants @returns {Shape} */
const choice = (variants) => ({
  pack: (value, into) => {
    const named = typeof value === "string" ? value : Object.keys(value)[0];
    const which = variants.findIndex(([name]) => name === named);
    if (which < 0) throw new Error(`${named} is none of ${variants.map(([name]) => name)}`);
    into.push(which);
    variants[which][1]?.pack(value[named], into);
  },
  unpack: (from) => {
    const [name, shape] = variants[from.take(1)[0]] ?? [];
    if (!name) throw new Error("nobody knows what it is");
    return shape ? { [name]: shape.unpack(from) } : name;
  },
});

const user = struct({ sub: text, name: maybe(text), email: maybe(text) });
const about = struct({ device: maybe(text), sid: maybe(text), issued_at: number, id_token: maybe(text), email_verified: flag });
const link = struct({ provider: text, vault: text, made: number });
const holder = struct({ provider: text, user, about, dpop_key: maybe(text), links: list(link) });
const current = struct({
  epoch: number, generation: number, access_token: maybe(text), dpop_key: maybe(text), scope: maybe(text), expires_in: number,
  lifetime: number, idle_left: number, absolute_left: number, holder: maybe(holder),
});
const vaultReply = choice([
  ["current", current],
  ["retry_after", struct({ millis: number })],
  ["unobtainable"],
  ["reauth_required", struct({ reason: text, epoch: number, generation: number, holder: maybe(holder), refused: struct({ frame: flag, top_level: flag }) })],
  ["ended", struct({ reason: text, epoch: number })],
  ["logged_out"],
  ["throttled", struct({ millis: number, what: choice([["rotation"], ["refusal"]]) })],
]);

/** What is said to an object, by its path; to others nothing is. @type {Record<string, Shape>} */
const SAID = {
  "/renew": struct({ epoch: number, access_token: text, expires_in: number, refresh_token: maybe(text), holder, silent: flag }),
  "/link": choice([["made", struct({ of: number, sub: text, link })], ["undone", struct({ provider: text })], ["bounded", struct({ until: number })]]),
  "/finish": struct({ state: text, session: maybe(text) }),
  "/answer": struct({ request: number, by: number, sealed }),
};

/** What it answers; of a vault what it says of itself, where it is nothing else. @type {Record<string, Shape>} */
const ANSWERED = {
  "/link": struct({ reply: vaultReply, links: list(link), idle_left: number, absolute_at: number }),
  "/finish": struct({ throttled: maybe(number) }),
  "/answer": struct({ kept: flag }),
  "/erase": struct({}),
  "/taken": struct({ won: flag }),
};

/** @param {string} path @param {string} json */
export function said(path, json) {
  /** @type {number[]} */
  const into = [];
  SAID[path.split("?")[0]]?.pack(JSON.parse(json), into);
  return Uint8Array.from(into);
}

/** @param {string} path @param {ArrayBuffer} buffer */
export function heard(path, buffer) {
  const from = new Packet(new Uint8Array(buffer));
  const value = (ANSWERED[path.split("?")[0]] ?? vaultReply).unpack(from);
  if (from.at !== from.bytes.length) throw new Error(`${from.bytes.length - from.at} bytes are left`);
  return value;
}
