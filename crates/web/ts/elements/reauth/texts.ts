import type { Asked, ReauthProblem } from "../../reauth/types.js";
import { countdown, left } from "../base.js";

/** The texts of `<everlit-reauth>`. `asked` says whose login it is; moments and lengths of time come as they are to be read. */
export interface ReauthTexts {
  /** What the dialog is called. */
  title(asked: Asked): string;
  /** What happened, and what follows. `since` is there where it was not just now. */
  what(asked: Asked, since?: string): string;
  /** The same where an operator has to act. */
  operator(asked: Asked, since?: string): string;
  /** That a login helps only later: `at` by the clocks of the reader and the provider, and how many milliseconds from now that is. */
  loginFrom(at: string, ms: number): string;
  /** While it is not known what can be done. */
  moment: string;
  /** The button, or link, to the provider's login. */
  login(asked: Asked): string;
  /** Beside it where it is a link. */
  newTab: string;
  /** The button where no window opens, and the page itself has to go there. */
  away: string;
  /** While the login is open in a window. */
  elsewhere: string;
  /** The button that brings this window to the front. */
  show: string;
  /** Between two ways. */
  or: string;
  /** What the field is for. */
  field: string;
  /** What may be put into it. */
  hint: string;
  /** The button that hands it in, and the same while it is looked at. */
  update: string;
  updating: string;
  /** The button that has the telephone asked, and the same where it was asked before. */
  phone: string;
  again: string;
  /** While the telephone waits. */
  approve(asked: Asked): string;
  /** That a refusal is not heard of, and what to do then. */
  unheard: string;
  /** How long it does, in milliseconds: a short form, and one that is read out. */
  countdown(ms: number): string;
  left(ms: number): string;
  /** What is wrong with what was tried: `problem.says` is a sentence in English. */
  problem(problem: ReauthProblem, asked: Asked): string;
  /** How many calls wait, and what becomes of them. */
  waiting(count: number): string;
  /** The button that closes the dialog. */
  cancel: string;
  /** What is said when it was cancelled. */
  cancelled(count: number): string;
  /** What is said at the end. */
  done: string;
}

const AFTER = "What you started goes on by itself afterwards.";

/** In English. */
export const TEXTS: ReauthTexts = {
  title: ({ vault, title }) => (vault === "login" ? "Log in again" : `Log in to ${title} again`),
  what: ({ vault, title }, since) =>
    `${vault === "login" ? `Your login ${since ? `ended at ${since}` : "has ended"}` : since ? `${title} has needed a new login since ${since}` : `${title} needs a new login`}. ${AFTER}`,
  operator: ({ title }, since) => `An operator was called${since ? ` at ${since}` : ""}, and can log in to ${title}. ${AFTER}`,
  loginFrom: (at, ms) => `A new login is possible from ${at}, in ${left(ms)}.`,
  moment: "One moment…",
  login: ({ vault, title }) => (vault === "login" ? "Log in" : `Log in to ${title}`),
  newTab: "It opens in a new tab.",
  away: "Log in on this page",
  elsewhere: "Log in in the window that has opened.",
  show: "Show the window",
  or: "or",
  field: "Token, code or address",
  hint: "The whole address that the login ended at will do.",
  update: "Update",
  updating: "Updating…",
  phone: "Approve on the phone",
  again: "Ask the phone again",
  approve: ({ title }) => `Approve the login to ${title} on your phone.`,
  unheard: "This page is not told of a refusal. If nothing comes, ask again.",
  countdown,
  left: (ms) => `${left(ms)} left`,
  problem: ({ says }) => says,
  waiting: (count) => `Requests waiting: ${count}. Cancel stops all.`,
  cancel: "Cancel",
  cancelled: (count) => `Cancelled.${count ? ` Requests stopped: ${count}.` : ""}`,
  done: "Updated. Carrying on.",
};
