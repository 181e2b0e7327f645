// What the Worker says, checked member by member: nothing of an answer is used unless all of it is as it should be.

import { type Code, type Denial, Failure, HEADER_CODE, SessionKind, TokenKind, VERSION, WAYS } from "./abi.js";
import type { Failed, SessionNumbers, Token, TokenNumbers } from "./machine.js";
import type { Answer } from "./transport.js";
import type { Problem, User } from "./types.js";

type Check<T> = (value: unknown) => value is T;
type Checked<C> = C extends Check<infer T> ? T : never;

const is =
  <const T>(...accepted: T[]): Check<T> =>
  (value): value is T =>
    accepted.includes(value as T);
const text: Check<string> = (value): value is string => typeof value === "string";
const seconds: Check<number> = (value): value is number =>
  typeof value === "number" && value >= 0 && value * 1000 <= Number.MAX_SAFE_INTEGER;
const whole: Check<number> = (value): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const small: Check<number> = (value): value is number => whole(value) && value < 2 ** 32;
const maybe =
  <T>(check: Check<T>): Check<T | undefined> =>
  (value): value is T | undefined =>
    value === undefined || check(value);
const list =
  <T>(check: Check<T>): Check<T[]> =>
  (value): value is T[] =>
    Array.isArray(value) && value.every(check);
const shape =
  <S extends Record<string, Check<unknown>>>(members: S): Check<{ [K in keyof S]: Checked<S[K]> }> =>
  (value): value is { [K in keyof S]: Checked<S[K]> } =>
    typeof value === "object" &&
    value !== null &&
    Object.entries(members).every(([name, check]) => check((value as Record<string, unknown>)[name]));

const timing = {
  epoch: whole,
  generation: small,
  expires_in: seconds,
  lifetime: seconds,
  idle_left: seconds,
  idle_limit: seconds,
  absolute_left: seconds,
};
const common = { v: is(VERSION), server_time: seconds };
const user = shape({ sub: text, name: maybe(text), email: maybe(text) });
const upstream = shape({ name: text, origin: text, path: text, mode: is("bff"), vault: text });
const provider = shape({ name: text, state: is("ready", "needs_human", "unavailable") });
const session = { ...common, providers: list(provider) };

const isToken = shape({ ...common, ...timing });
const isActive = shape({ ...session, ...timing, state: is("active"), user, upstreams: list(upstream) });
const isReauth = shape({ ...session, state: is("reauth_required"), epoch: whole, generation: small, user, silent: maybe(list(text)) });
const isLoggedOut = shape({ ...session, state: is("logged_out") });
const isLogout = shape({ v: is(VERSION), state: is("logged_out") });
const isProblem = shape({
  type: text,
  title: text,
  status: small,
  code: text,
  detail: maybe(text),
  retry_after: maybe(seconds),
  reason: maybe(text),
  silent: maybe(list(text)),
});

/** One place where calls may go. */
export type Upstream = Checked<typeof upstream>;

/** One provider that the Worker knows of. */
export type Told = Checked<typeof provider>;

/** What is known of a session beside its token. */
export interface Known {
  readonly epoch: number;
  readonly user: User;
  readonly upstreams: readonly Upstream[];
}

/** The problem document in an answer, if it is one of ours. */
export function problemOf({ status, body }: Answer): (Problem & Checked<typeof isProblem>) | undefined {
  const ours = isProblem(body) && body.status === status && body.type === `urn:everlit:problem:${body.code}`;
  return ours ? (body as Problem & Checked<typeof isProblem>) : undefined;
}

/**
 * What an answer of `GET /auth/session` says, to the machine and beside that.
 *
 * @param elapsed milliseconds since the question left
 */
export function readSession(answer: Answer, elapsed: number): { numbers: SessionNumbers; known?: Known; providers?: Told[] } {
  const { status, body } = answer;
  if (status === 200) {
    if (isActive(body)) {
      const { epoch, user, upstreams, providers } = body;
      return { numbers: [SessionKind.Active, ...tokenOf(body, elapsed)], known: { epoch, user: user as User, upstreams }, providers };
    }
    if (isReauth(body)) {
      const { epoch, generation, user, silent, providers } = body;
      const known = { epoch, user: user as User, upstreams: [] };
      return { numbers: [SessionKind.ReauthRequired, epoch, generation, waysOf(silent)], known, providers };
    }
    if (isLoggedOut(body)) return { numbers: [SessionKind.LoggedOut], providers: body.providers };
  }
  return { numbers: [SessionKind.Failed, ...failed(answer, elapsed)] };
}

/** What an answer of `POST /auth/token` says to the machine. */
export function readToken(answer: Answer, elapsed: number): TokenNumbers {
  const { status, body } = answer;
  if (status === 200 && isToken(body)) return [TokenKind.Current, ...tokenOf(body, elapsed)];
  // Only a problem document of ours ends anything: a login page of some network is not the Worker.
  const problem = problemOf(answer);
  switch (problem?.code) {
    case "logged_out":
      return [TokenKind.LoggedOut];
    case "session_ended":
      return [TokenKind.Ended];
    case "reauth_required":
      return [TokenKind.ReauthRequired, waysOf(problem.silent)];
    default:
      return [TokenKind.Failed, ...failed(answer, elapsed)];
  }
}

/** Whether an answer of `POST /auth/logout` says that there is no session any more. */
export function readLogout(answer: Answer): boolean {
  const code = problemOf(answer)?.code;
  return (answer.status === 200 && isLogout(answer.body)) || code === "logged_out" || code === "session_ended";
}

const DENIALS: readonly (Code | null)[] = ["access_expired", "reauth_required", "session_ended", "logged_out"];

/** Why the Worker refused a call, if it did so for the session's sake. A resource server's own 401 is none of ours. */
export function denialOf(response: Response): Denial | undefined {
  const denial = response.status === 401 ? DENIALS.indexOf(response.headers.get(HEADER_CODE) as Code) : -1;
  return denial < 0 ? undefined : denial;
}

/** The set of these ways; of others, as a newer Worker may know, nothing is known here. */
export const waysOf = (names: readonly string[] = []): number =>
  names.reduce((bits, name) => bits | (1 << (WAYS as readonly string[]).indexOf(name)), 0) & 7;

function tokenOf(body: Checked<typeof isToken>, elapsed: number): Token {
  const ms = (...names: (keyof typeof body)[]) => names.map((name) => (body[name] as number) * 1000);
  const before = ms("expires_in", "lifetime", "server_time");
  return [body.epoch, body.generation, ...before, elapsed, ...ms("idle_left", "idle_limit")] as unknown as Token;
}

function failed(answer: Answer, elapsed: number): Failed {
  const problem = problemOf(answer);
  const wait = problem?.retry_after === undefined ? answer.retryAfter : problem.retry_after * 1000;
  const failure =
    answer.status === 429 ? Failure.Throttled : problem?.code === "misconfigured" ? Failure.Misconfigured : Failure.Transient;
  return [failure, wait, elapsed];
}
