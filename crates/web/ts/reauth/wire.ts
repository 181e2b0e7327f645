// What the Worker says to whom a person is shown. The sentences are the Worker's own, who knows what happened.

import type { Answer } from "../transport.js";
import type { Verdict } from "./machine.js";
import { type Status, statusOf } from "./status.js";
import type { ReauthProblem, ReauthTrouble } from "./types.js";

/** What a verdict is here. One that a newer Worker may know is `failed`. */
const kindOf = (verdict: unknown): ReauthTrouble =>
  verdict === "late" ? "lost" : /^(malformed|over|foreign|refused|lost|busy|unproven)$/.test(`${verdict}`) ? (verdict as ReauthTrouble) : "failed";

/** What the Worker says of itself, where it says anything. A member that has a short name in here is taken by its quoted one. */
type Said = { readonly [member: string]: unknown };
const saidIn = ({ body }: Answer) => Object(body) as Said;

/** With the Worker's own sentence, where there is one. */
function problem(kind: ReauthTrouble, answer: Answer): ReauthProblem {
  const { detail, title } = saidIn(answer);
  return { kind, says: `${detail ?? title ?? "It did not work just now. Try again in a moment."}` };
}

/** What an answer means that brings nothing. */
function otherwise(answer: Answer): ReauthProblem {
  const { status } = answer;
  if (!status) return { kind: "offline", says: "There is no connection just now. What you typed is kept; try again in a moment." };
  return problem(status === 403 ? "forbidden" : status === 429 ? "busy" : "failed", answer);
}

/** What was asked of a status; nothing where it is to be asked again later. */
export function lookOf(answer: Answer): Status | ReauthProblem | undefined {
  if (answer.status === 200) return statusOf(answer.body);
  return /^(0|403|404)$/.test(`${answer.status}`) ? otherwise(answer) : undefined;
}

/** What became of what was handed in. */
export function verdictOf(answer: Answer): Verdict {
  const verdict = saidIn(answer)["verdict"];
  return answer.status === 200 ? "accepted" : verdict ? problem(kindOf(verdict), answer) : otherwise(answer);
}

/** Whether the telephone was asked. Whether it really was, the status says: this answer is the same as for who wants a token. */
export const pushOf = (answer: Answer): Verdict => (/^(0|403|429)$/.test(`${answer.status}`) ? otherwise(answer) : "asked");
