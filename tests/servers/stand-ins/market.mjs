/**
 * A market that never closes, as a pure function of the time and a seed: who looks at the same moment sees the same prices.
 *
 * Nothing of it is true of any share. It moves as prices do, in waves of days down to seconds, so that a page that shows it looks alive and
 * a picture of it can be taken again.
 */

import { nextInIndia } from "./clock.mjs";

const [SECOND, MINUTE, HOUR] = [1_000, 60_000, 3_600_000];
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;
/** The trading day in India. */
const [OPENS, CLOSES] = /** @type {const} */ ([[9, 15], [15, 30]]);
/** How far the strikes of the index are apart, and how many there are on either side of where it began. They stay where they are when it moves. */
const [STEP, EACH_SIDE] = [50, 24];
/** As many of the index as one contract is about. */
export const LOT = 75;
const RATE = 0.065;
const CANDLE = 5 * MINUTE;

/** @typedef {"nifty" | "vix" | "reliance" | "hdfcbank" | "infosys" | "tcs" | "itc"} Id */

/** What is traded: a price that it is near, how much that moves in a day, and how many of it are traded in a second. @type {Record<Id, { base: number, sway: number, turnover: number }>} */
const TRADED = {
  nifty: { base: 24_850, sway: 0.008, turnover: 0 },
  vix: { base: 13.6, sway: 0.09, turnover: 0 },
  reliance: { base: 1_432, sway: 0.014, turnover: 410 },
  hdfcbank: { base: 968, sway: 0.011, turnover: 780 },
  infosys: { base: 1_506, sway: 0.016, turnover: 290 },
  tcs: { base: 3_041, sway: 0.013, turnover: 104 },
  itc: { base: 412.5, sway: 0.009, turnover: 620 },
};

/**
 * @typedef {object} Quote
 * @property {number} at
 * @property {number} last
 * @property {number} open of the trading day that began last
 * @property {number} high
 * @property {number} low
 * @property {number} before the last price of the day before it
 * @property {number} volume
 * @property {number} bid
 * @property {number} ask
 */

/**
 * @typedef {object} Option
 * @property {number} last
 * @property {number} before
 * @property {number} bid
 * @property {number} ask
 * @property {number} volume
 * @property {number} interest contracts that are open
 * @property {{ delta: number, gamma: number, theta: number, vega: number, iv: number }} greeks `iv` in percent, `theta` for a day
 */

/** @typedef {{ strike: number, call: Option, put: Option }} Strike */

/** From 0 to 1, the same for the same words. @param {...(string | number)} words */
function chance(...words) {
  let mixed = 0x811c9dc5;
  for (const character of words.join(" ")) mixed = Math.imul(mixed ^ character.charCodeAt(0), 0x01000193);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
}

/** In steps of five paise, as everything is traded there. @param {number} value */
const tick = (value) => Math.round(Math.round(value / 0.05) * 5) / 100;

/** @param {{ now: () => number }} clock @param {number} seed */
export function createMarket(clock, seed) {
  const WAVES = /** @type {const} */ ([[3.1 * DAY, 0.8], [5.3 * HOUR, 0.45], [47 * MINUTE, 0.16], [7.3 * MINUTE, 0.05], [83 * SECOND, 0.018]]);

  /** @param {Id} id @param {number} at */
  function price(id, at) {
    const { base, sway } = TRADED[id];
    const waves = WAVES.map(([length, share], n) => share * Math.sin(2 * Math.PI * (at / length + chance(seed, id, n))));
    const noise = 0.012 * (chance(seed, id, Math.floor(at / SECOND)) - 0.5);
    const value = base * (1 + sway * waves.reduce((sum, wave) => sum + wave, noise));
    return id === "vix" ? Math.round(value * 100) / 100 : tick(value);
  }

  /** @param {Id} id @returns {Quote} */
  function quote(id) {
    const at = clock.now();
    const opened = nextInIndia(at, ...OPENS) - DAY;
    const seen = [price(id, at)];
    for (let then = opened; then < at; then += 5 * MINUTE) seen.push(price(id, then));
    const last = price(id, at);
    const spread = last * 0.0001;
    return {
      at,
      last,
      open: price(id, opened),
      high: Math.max(...seen),
      low: Math.min(...seen),
      before: price(id, nextInIndia(opened, ...CLOSES) - DAY),
      volume: Math.round(TRADED[id].turnover * Math.min(at - opened, 6.25 * HOUR) / SECOND),
      bid: tick(last - spread),
      ask: tick(last + spread),
    };
  }

  /** A strike's price, by the formula that everybody knows. @param {"call" | "put"} right @param {number} strike @param {number} expiry @param {number} at @returns {Option} */
  function option(right, strike, expiry, at) {
    const spot = price("nifty", at);
    const years = Math.max(expiry - at, MINUTE) / YEAR;
    const away = Math.log(strike / spot);
    const iv = price("vix", at) / 100 + 1.4 * away * away - 0.12 * away;
    const root = iv * Math.sqrt(years);
    const d1 = (-away + (RATE + iv * iv / 2) * years) / root;
    const d2 = d1 - root;
    const discounted = strike * Math.exp(-RATE * years);
    const sign = right === "call" ? 1 : -1;
    const worth = Math.max(sign * (spot * normal(sign * d1) - discounted * normal(sign * d2)), 0.05);
    const dense = Math.exp(-d1 * d1 / 2) / Math.sqrt(2 * Math.PI);
    const theta = -(spot * dense * iv) / (2 * Math.sqrt(years)) - sign * RATE * discounted * normal(sign * d2);
    const liking = Math.exp(-(((strike - spot) / 260) ** 2)) * (0.6 + 0.8 * chance(seed, right, strike));
    const last = tick(worth);
    return {
      last,
      before: tick(worth * (0.9 + 0.25 * chance(seed, right, strike, "before"))),
      bid: Math.max(tick(last * 0.998 - 0.05), 0.05),
      ask: tick(last * 1.002 + 0.05),
      volume: LOT * Math.round(180_000 * liking),
      interest: LOT * Math.round(42_000 * liking * (strike % 100 === 0 ? 1.6 : 0.7)),
      greeks: {
        delta: round(sign * normal(sign * d1)), gamma: round(dense / (spot * root)), theta: round(theta / 365), vega: round(spot * dense * Math.sqrt(years) / 100), iv: round(iv * 100, 2),
      },
    };
  }

  return {
    quote,

    /** What a price did in each five minutes that begin in a stretch of time, as far as it has passed. @param {Id} id @param {number} [from] the last opening without @param {number} [to] */
    candles(id, from = nextInIndia(clock.now(), ...OPENS) - DAY, to = clock.now()) {
      const found = [];
      for (let at = Math.ceil(from / CANDLE) * CANDLE; at < Math.min(to, clock.now()) && found.length < 2_000; at += CANDLE) {
        const seen = [0, 1, 2, 3, 4, 5].map((part) => price(id, at + part * MINUTE - (part === 5 ? 1 : 0)));
        found.push({ at, open: seen[0] ?? 0, high: Math.max(...seen), low: Math.min(...seen), close: seen[5] ?? 0, volume: TRADED[id].turnover * CANDLE / SECOND });
      }
      return found;
    },

    /** The strikes of the index, if options end on that day. @param {string} day as `2026-10-06` @returns {Strike[]} none if it is none of a contract's, or over */
    chain(day) {
      const at = clock.now();
      const expiry = expiryOn(day);
      if (expiry === undefined || expiry <= at || expiry > at + 60 * DAY) return [];
      const strikes = Array.from({ length: 2 * EACH_SIDE + 1 }, (_, n) => TRADED.nifty.base + (n - EACH_SIDE) * STEP);
      return strikes.map((strike) => ({ strike, call: option("call", strike, expiry, at), put: option("put", strike, expiry, at) }));
    },
  };
}

/** When the options of that day end: on Tuesdays only, at the close. @param {string} day @returns {number | undefined} */
function expiryOn(day) {
  const midnight = Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(midnight) || new Date(midnight).getUTCDay() !== 2) return undefined;
  return Date.parse(`${day}T${CLOSES[0]}:${CLOSES[1]}:00+05:30`);
}

/** @param {number} value @param {number} [digits] */
const round = (value, digits = 4) => Number(value.toFixed(digits));

/** The share of a normal distribution that is below (Abramowitz and Stegun, 26.2.17). @param {number} x */
function normal(x) {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const tail = Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI) * t * (0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return x > 0 ? 1 - tail : tail;
}
