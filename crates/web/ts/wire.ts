// What the Worker says, checked member by member: nothing of an answer is used unless all of it is as it should be.

import { type Code, Denial, Failure, HEADER_CODE, SessionKind, TokenKind, VERSION } from "./abi.js";
import type { SessionNumbers, TokenNumbers } from "./machine.js";
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

const timing = { epoch: whole, generation: small, expires_in: seconds, lifetime: seconds, idle_left: seconds, absolute_left: seconds };
const common = { v: is(VERSION), server_time: seconds };
const user = shape({ sub: text, name: maybe(text), email: maybe(text) });
const upstream = shape({ name: text, origin: text, path: text, mode: is("bff"), vault: text });
const provider = shape({ name: text, state: is("ready", "needs_human", "unavailable") });
const session = { ...common, providers: list(provider) };

const isToken = shape({ ...common, ...timing });
const isActive = shape({ ...session, ...timing, state: is("active"), user, upstreams: list(upstream) });
const isReauth = shape({ ...session, state: is("reauth_required"), epoch: whole, generation: small, user });
const isLoggedOut = shape({ ...session, state: is("logged_out") });
const isLogout = shape({ v: is(VERSION), state: is("logged_out") });
const isProblem = shape({ type: text, title: text, status: small, code: text, detail: maybe(text), retry_after: maybe(seconds), reason: maybe(text) });

/** One place where calls may go. */
export type Upstream = Checked<typeof upstream>;

/** What is known of a session beside its token. */
export interface Known {
  readonly epoch: number;
  readonly user: User;
  readonly upstreams: readonly Upstream[];
}

/** The problem document in an answer, if it is one of ours. */
export function problemOf({ status, body }: Answer): (Problem & { readonly retry_after?: number | undefined }) | undefined {
  const ours = isProblem(body) && body.status === status && body.type === `urn:everlit:problem:${body.code}`;
  return ours ? (body as Problem) : undefined;
}

/**
 * What an answer of `GET /auth/session` says, to the machine and beside that.
 *
 * @param elapsed milliseconds since the question left: by so much less does the token still live, or is there to wait
 */
export function readSession(answer: Answer, elapsed: number): { numbers: SessionNumbers; known?: Known } {
  const { status, body } = answer;
  if (status === 200 && isActive(body)) {
    const { epoch, generation, user, upstreams } = body;
    const numbers: SessionNumbers = [SessionKind.Active, epoch, generation, left(body, elapsed), body.lifetime * 1000];
    return { numbers, known: { epoch, user: user as User, upstreams } };
  }
  if (status === 200 && isReauth(body)) {
    const { epoch, generation, user } = body;
    return { numbers: [SessionKind.ReauthRequired, epoch, generation], known: { epoch, user: user as User, upstreams: [] } };
  }
  if (status === 200 && isLoggedOut(body)) return { numbers: [SessionKind.LoggedOut] };
  return { numbers: [SessionKind.Failed, ...failed(answer, elapsed)] };
}

/** What an answer of `POST /auth/token` says to the machine. */
export function readToken(answer: Answer, elapsed: number): TokenNumbers {
  const { status, body } = answer;
  if (status === 200 && isToken(body)) {
    return [TokenKind.Current, body.epoch, body.generation, left(body, elapsed), body.lifetime * 1000];
  }
  // Only a problem document of ours ends anything: a login page of some network is not the Worker.
  switch (problemOf(answer)?.code) {
    case "logged_out":
      return [TokenKind.LoggedOut];
    case "session_ended":
      return [TokenKind.Ended];
    case "reauth_required":
      return [TokenKind.ReauthRequired];
    default:
      return [TokenKind.Failed, ...failed(answer, elapsed)];
  }
}

/** Whether an answer of `POST /auth/logout` says that there is no session any more. */
export function readLogout(answer: Answer): boolean {
  const code = problemOf(answer)?.code;
  return (answer.status === 200 && isLogout(answer.body)) || code === "logged_out" || code === "session_ended";
}

const DENIALS = new Map<string | null, Denial>([
  ["access_expired", Denial.AccessExpired],
  ["reauth_required", Denial.ReauthRequired],
  ["session_ended", Denial.Ended],
  ["logged_out", Denial.LoggedOut],
] satisfies [Code, Denial][]);

/** Why the Worker refused a call, if it did so for the session's sake. A resource server's own 401 is none of ours. */
export function denialOf(response: Response): Denial | undefined {
  return response.status === 401 ? DENIALS.get(response.headers.get(HEADER_CODE)) : undefined;
}

function left({ expires_in }: { expires_in: number }, elapsed: number): number {
  return Math.max(0, expires_in * 1000 - elapsed);
}

function failed(answer: Answer, elapsed: number): [Failure, number] {
  const problem = problemOf(answer);
  const asked = problem?.retry_after === undefined ? answer.retryAfter : problem.retry_after * 1000;
  const wait = Math.max(0, asked - elapsed);
  if (answer.status === 429) return [Failure.Throttled, wait];
  return [problem?.code === "misconfigured" ? Failure.Misconfigured : Failure.Transient, wait];
}
