// What the Worker says to whom a person is shown.

import type { Answer } from "../transport.js";
import type { Verdict } from "./machine.js";
import { type Status, statusOf } from "./status.js";
import type { ReauthProblem, ReauthTrouble } from "./types.js";

const OFFLINE: ReauthProblem = { kind: "offline", says: "There is no connection just now. What you typed is kept; try again in a moment." };
const FORBIDDEN: ReauthProblem = { kind: "forbidden", says: "Somebody who operates this app has to do this." };

/** What a verdict is here. One that a newer Worker may know is `failed`. */
const kindOf = (verdict: unknown): ReauthTrouble =>
  verdict === "late" ? "lost" : /^(malformed|over|foreign|refused|lost|busy)$/.test(`${verdict}`) ? (verdict as ReauthTrouble) : "failed";

/** What it says of itself, where it says anything. */
type Said = { readonly [member: string]: unknown };
// Members that have a short name in here are taken by their quoted one.
const bodyOf = ({ body }: Answer) => Object(body) as Said;
/** The Worker's own sentence, where there is one. */
const sentence = ({ detail, title }: Said, otherwise: string) => (typeof detail === "string" ? detail : typeof title === "string" ? title : otherwise);

/** What was asked of a status; nothing where it is to be asked again later. */
export function lookOf(answer: Answer): Status | ReauthProblem | undefined {
  const { status } = answer;
  if (!status) return OFFLINE;
  if (status === 403) return FORBIDDEN;
  if (status === 404) return { kind: "failed", says: sentence(bodyOf(answer), "The app does not know this account any more.") };
  return status === 200 ? statusOf(answer.body) : undefined;
}

/** What became of what was handed in. */
export function verdictOf(answer: Answer): Verdict {
  const { status } = answer;
  const body = bodyOf(answer);
  if (status === 200) return "accepted";
  if (status === 202) return { kind: "unproven", says: "The provider has not answered yet. It is kept, and looked at again by itself." };
  if (status === 422 || (status === 429 && body["verdict"])) return { kind: kindOf(body["verdict"]), says: sentence(body, "It is not taken.") };
  return otherwise(answer);
}

/** Whether the telephone was asked. Whether it really was, the status says: this answer is the same as for who wants a token. */
export const pushOf = (answer: Answer): Verdict => (/^(0|403|429)$/.test(`${answer.status}`) ? otherwise(answer) : "asked");

const otherwise = (answer: Answer): ReauthProblem =>
  !answer.status
    ? OFFLINE
    : answer.status === 403
      ? FORBIDDEN
      : answer.status === 429
        ? { kind: "busy", says: "That was a little often. Try again in a minute." }
        : { kind: "failed", says: sentence(bodyOf(answer), "It did not work just now. Try again in a moment.") };
