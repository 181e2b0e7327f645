/** How long: milliseconds, or a number with its unit, such as `"30s"`, `"15m"`, `"8h"`. */
export type Duration = number | `${number}${"ms" | "s" | "m" | "h" | "d"}`;

const UNITS: { readonly [unit: string]: number } = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A duration in milliseconds; `what` names it in the error of a wrong one. */
export function milliseconds(what: string, duration: Duration): number {
  const [, count, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(`${duration}`) ?? [];
  const ms = typeof duration === "number" ? duration : unit ? +count! * UNITS[unit]! : NaN;
  // Beyond it dates cannot count.
  if (ms >= 0 && ms <= 8.64e15) return ms;
  throw new TypeError(
    `${what}: ${shown(duration)} is no duration; give milliseconds as a number, or a number with ms, s, m, h or d: "30s", "15m", "8h"`,
  );
}

/** A value as an error shows it, cut short. */
export function shown(value: unknown): string {
  if (typeof value === "function") return "a function";
  let text: string | undefined;
  try {
    // JSON has no word for some numbers.
    text = typeof value === "number" ? undefined : JSON.stringify(value);
  } catch {
    // It has itself in it.
  }
  text ??= String(value);
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}
