import { left } from "../base.js";

/** The texts of `<everlit-badge>`. `title` is what people call the provider, and empty for the login. */
export interface BadgeTexts {
  /** Whose it is. */
  name(title: string): string;
  /** A token, with the time that it has, and without where that is not known. */
  valid(left?: string): string;
  endsIn(left: string): string;
  endsSoon(left: string): string;
  /** What is read out when the colour changes. */
  within(left: string): string;
  /** There is none. */
  over: string;
  /** There is none just now. */
  renewing: string;
  /** There is a token, and no next one just now. */
  degraded(left?: string): string;
  /** Nobody is logged in, or it is not known. */
  none: string;
  /** A length of time in milliseconds. */
  left(ms: number): string;
}

/** In English. */
export const TEXTS: BadgeTexts = {
  name: (title) => title || "Session",
  valid: (left) => (left ? `${left} left` : "Connected"),
  endsIn: (left) => `Ends in ${left}`,
  endsSoon: (left) => `Ends soon: ${left} left`,
  within: (left) => `Ends within ${left}`,
  over: "Expired: log in again",
  renewing: "Renewing…",
  degraded: (left) => `Cannot be renewed now${left ? `, ${left} left` : ""}`,
  none: "Not connected",
  left,
};
