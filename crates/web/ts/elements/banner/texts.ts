import { countdown, left } from "../base.js";

/** The texts of `<everlit-banner>`. `title` is what people call the provider, and empty for the login; moments come as they are to be read. */
export interface BannerTexts {
  /** There is no network. */
  offline: string;
  /** No token can be had just now. */
  unreachable: string;
  /** The user has to log in. */
  expired(title: string): string;
  /** An operator has to, and was called. */
  operator(title: string, at?: string | 0): string;
  /** The token ends then. */
  expiring(title: string, at: string): string;
  /** A login helps only from then on; without `at` from when the token ends. */
  loginFrom(at?: string): string;
  /** The user does nothing. */
  idle: string;
  /** Nothing is wrong any more. */
  online: string;
  renewed(title: string): string;
  /** The buttons. */
  login: string;
  retry: string;
  retrying: string;
  stay: string;
  /** A length of time in milliseconds, and a countdown. */
  left(ms: number): string;
  countdown(ms: number): string;
}

/** In English. */
export const TEXTS: BannerTexts = {
  offline: "You are offline. What needs the network goes on when it is back.",
  unreachable: "The server cannot help just now. It is tried again by itself.",
  expired: (title) => (title ? `${title} needs a new login.` : "Your login has ended."),
  operator: (title, at) => `${title} needs a login by an operator, who was called${at ? ` at ${at}` : ""}.`,
  expiring: (title, at) => `The login${title && ` at ${title}`} ends at ${at}.`,
  loginFrom: (at = "then on") => `A new login is possible from ${at}.`,
  idle: "Are you still there? You are about to be logged out.",
  online: "You are back online.",
  renewed: (title) => (title ? `${title} is logged in again.` : "You are logged in again."),
  login: "Log in",
  retry: "Try now",
  retrying: "Trying…",
  stay: "Stay logged in",
  left: (ms) => `${left(ms)} left`,
  countdown,
};
