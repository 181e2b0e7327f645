/** What the desk wants of a broker, whichever it is. */

import type { Calls } from "./calls.js";

/** The index, its volatility, and five shares. */
export const IDS = ["nifty", "vix", "reliance", "hdfcbank", "infosys", "tcs", "itc"] as const;

export type Id = (typeof IDS)[number];

export interface Instrument {
  readonly symbol: string;
  readonly name: string;
}

export const INSTRUMENTS: { readonly [id in Id]: Instrument } = {
  nifty: { symbol: "NIFTY 50", name: "Index" },
  vix: { symbol: "INDIA VIX", name: "Volatility index" },
  reliance: { symbol: "RELIANCE", name: "Reliance Industries" },
  hdfcbank: { symbol: "HDFCBANK", name: "HDFC Bank" },
  infosys: { symbol: "INFY", name: "Infosys" },
  tcs: { symbol: "TCS", name: "Tata Consultancy Services" },
  itc: { symbol: "ITC", name: "ITC Limited" },
};

export interface Quote {
  readonly id: Id;
  /** When, by the broker's clock: Unix time in ms. */
  readonly at: number;
  readonly last: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  /** The close of the day before. */
  readonly before: number;
  /** Shares since the market opened. An index has none. */
  readonly volume: number | undefined;
}

export interface Option {
  readonly last: number;
  readonly bid: number;
  readonly ask: number;
  /** Contracts that are open. */
  readonly interest: number;
}

export interface Strike {
  readonly strike: number;
  readonly call: Option;
  readonly put: Option;
}

export type Right = "call" | "put";

export interface Order {
  readonly right: Right;
  readonly strike: number;
  /** The day on which it ends, as `2026-10-06`. */
  readonly expiry: string;
  readonly quantity: number;
  readonly price: number;
  /** The desk's own mark, by which the broker's book tells its orders apart. */
  readonly tag: string;
}

export interface Broker {
  /** The name of its service and of its upstream. */
  readonly name: string;
  readonly title: string;
  /** Whether one call brings the quotes of all that is asked for. */
  readonly together: boolean;
  /** Of the first of them where a call brings no more. */
  quotes(ids: readonly Id[], what: string, signal: AbortSignal): Promise<Quote[]>;
  /** What a price was at the end of each five minutes since the market opened, which was before `at`. */
  course(id: Id, at: number, what: string, signal: AbortSignal): Promise<number[]>;
  /** The strikes of that day. `note` hears of each call that it takes. */
  chain(expiry: string, what: string, signal: AbortSignal, note: (words: string) => void): Promise<Strike[]>;
  /** A second look at one option. */
  option(expiry: string, strike: number, right: Right, what: string, signal: AbortSignal): Promise<Option>;
  /** Gives the order's id at the broker. */
  place(order: Order, what: string, signal: AbortSignal): Promise<string>;
}

export type MakeBroker = (calls: Calls) => Broker;

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** India has one zone and no summer time. */
export const IST = 330 * MINUTE;

/** Options that end sooner are left to others: their last days are a gamble. */
const LEAST_DAYS = 3;

/** The next day, by the broker's clock, on which weekly options of the index end that is not too near: a Tuesday. */
export function nextExpiry(at: number): string {
  const away = (2 - new Date(at + IST).getUTCDay() + 7) % 7;
  return new Date(at + IST + (away < LEAST_DAYS ? away + 7 : away) * DAY).toISOString().slice(0, 10);
}

/** When the market opened last, by the clocks in India and without a zone: `2026-10-06T09:15:00`. */
export function openedAt(at: number): string {
  const opens = (9 * 60 + 15) * MINUTE;
  return new Date(Math.floor((at + IST - opens) / DAY) * DAY + opens).toISOString().slice(0, 19);
}

/** Days until the market closes on that day. */
export function daysUntil(expiry: string, at: number): number {
  return Math.max((Date.parse(`${expiry}T15:30:00+05:30`) - at) / DAY, 0.01);
}

/** A field of an answer. */
export function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

/** A number, which brokers send as one or as text. */
export function numeric(value: unknown, name: string): number {
  return Number(field(value, name)) || 0;
}
