// What the Worker says, checked member by member: nothing of an answer is used unless all of it is as it should be.

import { Denial, Failure, HEADER_CODE, PROVIDER_STATES, SessionKind, TokenKind, VERSION, WAYS } from "./abi.js";
import type { Failed, SessionNumbers, Token, TokenNumbers } from "./machine.js";
import type { Answer } from "./transport.js";
import type { Problem, User } from "./types.js";

/** What a value is to be: what passes a check, a list of such, an object with such members, or just this value. */
export type Shape = ((value: unknown) => boolean) | readonly [Shape] | { readonly [member: string]: Shape } | string | number | true;

export const fits = (shape: Shape, value: unknown): boolean =>
  typeof shape === "function"
    ? shape(value)
    : Array.isArray(shape)
      ? Array.isArray(value) && value.every((each) => fits(shape[0], each))
      : typeof shape === "object"
        ? Object.entries(shape).every(([name, member]) => fits(member, (value as Record<string, unknown> | null)?.[name]))
        : value === shape;

/** Why nothing can be had, in the order of `Denial`; from the second on also in that of `TokenKind`. */
const DENIALS = ["access_expired", "reauth_required", "session_ended", "logged_out"];
const denialIn = (answer: Answer) => DENIALS.indexOf(problemOf(answer)?.code as string);

/** The machine's number of a state as the Worker says it. */
export const stateOf = (said: unknown) => (PROVIDER_STATES as readonly string[]).indexOf(`${said}`.replace("_", "-"));

const text = (value: unknown) => typeof value === "string";
/** A number that is also one in milliseconds, even if it is added to others. */
export const seconds = (value: unknown) => typeof value === "number" && value >= 0 && value <= 9e12;
export const whole = (value: unknown) => seconds(value) && (value as number) % 1 === 0;
const small = (value: unknown) => (value as number) >>> 0 === value;
/* Shapes that nothing in a chunk uses are left out of it. */
/* @__NO_SIDE_EFFECTS__ */
export const maybe = (shape: Shape) => (value: unknown) => value === undefined || fits(shape, value);

const stamp = { epoch: whole, generation: small };
const user = { sub: text, name: maybe(text), email: maybe(text) };
const token = {
  v: VERSION,
  ...stamp,
  server_time: seconds,
  expires_in: seconds,
  lifetime: seconds,
  idle_left: seconds,
  idle_limit: seconds,
  absolute_left: seconds,
};
const session = {
  v: VERSION,
  server_time: seconds,
  providers: [{ name: text, state: (state: unknown) => stateOf(state) >= 0, own: maybe(true) }],
} as const;
const place = { name: text, origin: text, path: text, vault: text };
const upstreams = [{ ...place, mode: "bff" }] as const;
const active = { ...session, ...token, state: "active", user, upstreams, mediating: maybe([place]) } as const;
const ways = maybe([text]);
const reauth = { ...session, ...stamp, state: "reauth_required", user, silent: ways };
const loggedOut = { v: VERSION, state: "logged_out" };
/** A path that leads a whole page to the authorization server, to be logged out there. It never leads elsewhere by itself. */
const left = { ...loggedOut, end_session: maybe((path: unknown) => /^\/auth\/[\w-]+$/.test(path as string)) };
const anyProblem = {
  title: text,
  code: text,
  detail: maybe(text),
  retry_after: maybe(seconds),
  reason: maybe(text),
  silent: ways,
};

/** A token, as it is in an answer that fits. */
interface Timing {
  readonly epoch: number;
  readonly generation: number;
  readonly server_time: number;
  readonly expires_in: number;
  readonly lifetime: number;
  readonly idle_left: number;
  readonly idle_limit: number;
}

/** An answer about a session that fits; what of it there is depends on its state. */
interface Said extends Timing {
  readonly user: User;
  readonly upstreams: readonly Upstream[];
  readonly providers: Told[];
  readonly silent?: readonly string[];
}

/** A problem document that fits. */
export type Trouble = Problem & { readonly silent?: readonly string[]; readonly retry_after?: number };

/** One place where calls may go. */
export interface Upstream {
  readonly name: string;
  readonly origin: string;
  readonly path: string;
  readonly vault: string;
  /** That the Worker passes calls on to it. Else the page calls it by itself, with a token of its own. */
  readonly mode?: "bff";
}

/** One provider that the Worker knows of. */
export interface Told {
  readonly name: string;
  readonly state: string;
  /** Whether the session is a login of it. */
  readonly own?: true;
}

/** What is known of a session beside its token. */
export interface Known {
  readonly epoch: number;
  readonly user: User;
  /** Where calls may go. The Worker says it of a session that has a token, and of no other. */
  readonly upstreams?: readonly Upstream[];
  /** What the page calls by itself. */
  readonly mediating?: readonly Upstream[];
}

/** What an answer says: to the machine, and beside that. */
export interface Reading {
  readonly numbers: readonly number[];
  readonly known?: Known;
  readonly providers?: readonly Told[];
}

/** The problem document in an answer, if it is one of ours. */
export function problemOf({ status, body }: Answer): Trouble | undefined {
  return fits({ ...anyProblem, status, type: `urn:everlit:problem:${(body as Trouble | undefined | null)?.code}` }, body) ? (body as Trouble) : undefined;
}

/**
 * What an answer of `GET /auth/session` says, to the machine and beside that.
 *
 * @param elapsed milliseconds since the question left
 */
export function readSession(answer: Answer, elapsed: number): Reading & { numbers: SessionNumbers } {
  const { status, body } = answer;
  const { epoch, generation, user, providers, silent } = (body ?? {}) as Said;
  if (status === 200) {
    if (fits(active, body)) return { numbers: [SessionKind.Active, ...tokenOf(body as Said, elapsed)], known: body as Said, providers };
    if (fits(reauth, body)) return { numbers: [SessionKind.ReauthRequired, epoch, generation, waysOf(silent)], known: { epoch, user }, providers };
    if (fits({ ...session, ...loggedOut }, body)) return { numbers: [SessionKind.LoggedOut], providers };
  }
  return { numbers: [SessionKind.Failed, ...failed(answer, elapsed)] };
}

/** What an answer of `POST /auth/token` says to the machine. */
export function readToken(answer: Answer, elapsed: number): TokenNumbers {
  const { status, body } = answer;
  if (status === 200 && fits(token, body)) return [TokenKind.Current, ...tokenOf(body as Timing, elapsed)];
  // Only a problem document of ours ends anything: a login page of some network is not the Worker.
  const denial = denialIn(answer);
  if (denial > Denial.ReauthRequired) return [denial as TokenKind.Ended | TokenKind.LoggedOut];
  if (denial > 0) return [TokenKind.ReauthRequired, waysOf(problemOf(answer)!.silent)];
  return [TokenKind.Failed, ...failed(answer, elapsed)];
}

/** Whether an answer of `POST /auth/logout` says that there is no session any more. */
export const readLogout = (answer: Answer) =>
  (answer.status === 200 && fits(left, answer.body)) || denialIn(answer) > Denial.ReauthRequired;

/** Why the Worker refused a call, if it did so for the session's sake. A resource server's own 401 is none of ours. */
export function denialOf(response: Response): Denial | undefined {
  const denial = response.status === 401 ? DENIALS.indexOf(response.headers.get(HEADER_CODE) as string) : -1;
  return denial < 0 ? undefined : denial;
}

/** Whether the Worker refused a call because only a person can go on. What they have to do is for `human.ts` to read. */
export const needsHuman = ({ status, headers }: Response) => status === 409 && headers.has(HEADER_CODE);

/** The set of these ways; of others, as a newer Worker may know, nothing is known here. */
export const waysOf = (names: readonly string[] = []): number =>
  names.reduce((bits, name) => bits | (1 << (WAYS as readonly string[]).indexOf(name)), 0) & 7;

function tokenOf({ epoch, generation, expires_in, lifetime, server_time, idle_left, idle_limit }: Timing, elapsed: number): Token {
  const ms = 1000;
  return [epoch, generation, expires_in * ms, lifetime * ms, server_time * ms, elapsed, idle_left * ms, idle_limit * ms];
}

function failed(answer: Answer, elapsed: number): Failed {
  const problem = problemOf(answer);
  const wait = problem?.retry_after === undefined ? answer.retryAfter : problem.retry_after * 1000;
  const failure =
    answer.status === 429 ? Failure.Throttled : problem?.code === "misconfigured" ? Failure.Misconfigured : Failure.Transient;
  return [failure, wait, elapsed];
}
