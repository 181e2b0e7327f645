/** How the desk writes numbers and times. */

import { IST } from "./broker.js";

const PRICE = new Intl.NumberFormat("en-IN", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const COUNT = new Intl.NumberFormat("en-IN", { notation: "compact", maximumFractionDigits: 1 });
const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

/** `24,871.35`; with a true minus sign, which is as wide as a plus. */
export const price = (value: number): string => PRICE.format(value).replace("-", "−");

/** `+12.30` */
export const signed = (value: number): string => (value > 0 ? `+${price(value)}` : price(value));

/** `+0.42 %` */
export const percent = (share: number): string => `${signed(share * 100)}\u202f%`;

/** `3.4M` */
export const count = (value: number): string => COUNT.format(value);

/** The viewer's clock: `14:03:22`. */
export const clock = (at: Date): string => CLOCK.format(at);

/** What clocks in India show: `Tue 6 Oct, 23:41:07`. */
export function india(at: number): string {
  return new Date(at + IST).toUTCString().replace(/^(\w+), 0?(\d+) (\w+) \d+ ([\d:]+).*$/, "$1 $2 $3, $4");
}

/** `Tue 6 Oct` */
export const day = (iso: string): string => india(Date.parse(`${iso}T12:00:00Z`)).replace(/,.*/, "");
