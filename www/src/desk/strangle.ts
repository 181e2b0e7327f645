/**
 * The long operation: a strangle, sold one expected move away from the index. It takes some twenty calls in five steps, and what a step found
 * the next one needs; so who has to begin again loses all of it.
 */

import { type Broker, type Right, type Strike, daysUntil, nextExpiry } from "./broker.js";
import { count, day, price, signed } from "./words.js";

export const STEPS = ["price", "volatility", "chain", "strikes", "order"] as const;

export type Step = (typeof STEPS)[number];

export const TITLES: { readonly [step in Step]: string } = {
  price: "Price of the index",
  volatility: "Volatility index",
  chain: "Option chain",
  strikes: "Strikes",
  order: "Paper order",
};

export interface Leg {
  readonly right: Right;
  readonly strike: number;
  readonly bid: number;
  readonly ask: number;
  readonly interest: number;
  /** The order's id at the broker, once it is placed. */
  readonly order?: string;
}

export interface Found {
  readonly expiry: string;
  readonly quantity: number;
  readonly legs: readonly Leg[];
}

/** How it says where it is. */
export interface Teller {
  begin(step: Step): void;
  /** A line for the log. */
  note(words: string): void;
  done(step: Step, result: string): void;
  found(found: Found): void;
}

/** So many prices are looked at, that one odd trade decides nothing. */
const PRINTS = 3;
/** Between two looks, in ms. */
const BETWEEN = 900;
/** Strikes that are looked at on each side. */
const CANDIDATES = 3;
/** Contracts are traded in lots of so many, at strikes that are so far apart. */
const [LOT, APART] = [75, 50];

export async function strangle(broker: Broker, lots: number, tell: Teller, signal: AbortSignal): Promise<void> {
  tell.begin("price");
  const prints: number[] = [];
  let at = 0;
  for (let n = 1; n <= PRINTS; n += 1) {
    if (n > 1) await pause(BETWEEN, signal);
    const [quote] = await broker.quotes(["nifty"], "price", signal);
    if (!quote) throw new Error(`${broker.title} has no price of the index.`);
    prints.push(quote.last);
    at = quote.at;
    tell.note(`Look ${n} of ${PRINTS}: ${price(quote.last)}`);
  }
  const spot = median(prints);
  tell.done("price", price(spot));

  tell.begin("volatility");
  await pause(BETWEEN, signal);
  const [vix] = await broker.quotes(["vix"], "volatility", signal);
  if (!vix) throw new Error(`${broker.title} has no volatility index.`);
  const expiry = nextExpiry(at);
  const move = spot * (vix.last / 100) * Math.sqrt(daysUntil(expiry, at) / 365);
  tell.note(`${price(vix.last)}, which is ${signed(vix.last - vix.before)} on the day`);
  tell.note(`Expected move until ${day(expiry)}: ${price(move)} points`);
  tell.done("volatility", price(vix.last));

  tell.begin("chain");
  await pause(BETWEEN, signal);
  const chain = await broker.chain(expiry, "chain", signal, (words) => tell.note(words));
  if (chain.length < 2 * CANDIDATES) throw new Error(`${broker.title} has no options that end on ${expiry}.`);
  const sum = (right: Right) => chain.reduce((all, strike) => all + strike[right].interest, 0);
  tell.note(`Puts to calls, by open interest: ${(sum("put") / sum("call")).toFixed(2)}`);
  tell.done("chain", `${chain.length} strikes`);

  tell.begin("strikes");
  const legs: Leg[] = [];
  for (const right of ["call", "put"] as const) {
    const wanted = Math.round((right === "call" ? spot + move : spot - move) / APART) * APART;
    const near = [...chain].sort((one, other) => Math.abs(one.strike - wanted) - Math.abs(other.strike - wanted)).slice(0, CANDIDATES);
    legs.push(await best(near, right));
  }
  tell.done("strikes", legs.map(({ strike, right }) => `${strike} ${right === "call" ? "CE" : "PE"}`).join(" · "));
  const quantity = lots * LOT;
  tell.found({ expiry, quantity, legs });

  tell.begin("order");
  const run = crypto.randomUUID().slice(0, 8);
  const placed: Leg[] = [];
  for (const leg of legs) {
    await pause(BETWEEN, signal);
    const tag = `desk${run}${leg.right}`;
    const order = await broker.place({ ...leg, expiry, quantity, price: leg.bid, tag }, "order", signal);
    tell.note(`Sell ${quantity} × ${leg.strike} ${leg.right} at ${price(leg.bid)}: order …${order.slice(-4)}`);
    placed.push({ ...leg, order });
    tell.found({ expiry, quantity, legs: legs.map((one) => placed.find(({ right }) => right === one.right) ?? one) });
  }
  tell.done("order", `${placed.length} placed`);

  /** The one that most people hold, as it is sold at the smallest loss. */
  async function best(near: readonly Strike[], right: Right): Promise<Leg> {
    let chosen: Leg | undefined;
    for (const { strike, [right]: listed } of near) {
      await pause(BETWEEN / 2, signal);
      const { bid, ask, interest } = await broker.option(expiry, strike, right, "strikes", signal);
      tell.note(`${strike} ${right}: ${price(bid)} to ${price(ask)}, ${count(listed.interest)} open`);
      const leg = { right, strike, bid, ask, interest: interest || listed.interest };
      if (!chosen || leg.interest > chosen.interest) chosen = leg;
    }
    if (!chosen) throw new Error("There was no strike to look at.");
    return chosen;
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
}

/** Rejects with the signal's reason, as `fetch` does. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", abort);
      resolve();
    }, ms);
    function abort(): void {
      clearTimeout(timer);
      reject(signal.reason as Error);
    }
    signal.addEventListener("abort", abort, { once: true });
  });
}
