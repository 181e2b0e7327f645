import { VERSION } from "./abi.js";
import type { AccountHost } from "./account.js";
import type { Call, Route } from "./call.js";
import type { Stamp } from "./machine.js";
import type { Ask } from "./questions.js";
import type { WaitOptions } from "./types.js";
import { seconds, whole } from "./wire.js";

/** A token is replaced so long before its end: a fifth of its life, within these. Half of its life is the most. */
const LEAD_MS = [5_000, 300_000] as const;

/** A token of one upstream. It is in this variable and nowhere else: no storage, channel, event, error nor log. */
interface Token {
  readonly text: string;
  readonly epoch: number;
  readonly generation: number;
  /** By both clocks: one of them may stand still in a sleep. */
  readonly until: { readonly wall: number; readonly mono: number };
}

/** What is asked for once, for all who wait. */
interface Question {
  readonly token: Promise<Token>;
  readonly given: AbortController;
  readonly epoch: number;
  readonly reason: string;
  waits: number;
}

/** Tokens of upstreams that the page calls by itself, and calls with them. */
export function createAccess(host: AccountHost, ask: Ask) {
  const { session, closed, page, clock, operation, upstreams, calls, wait, fault } = host;
  const tokens = new Map<string, Token>();
  const questions = new Map<string, Question>();
  const drop = () => {
    tokens.clear();
    for (const { given } of questions.values()) given.abort(closed.aborted ? closed.reason : fault("ERR_SESSION_LOGGED_OUT"));
    questions.clear();
  };
  session.addEventListener("loggedout", drop);
  closed.addEventListener("abort", drop);

  const begin = (upstream: string, [epoch, generation]: Stamp, reason: string): Question => {
    const given = new AbortController();
    const begun = clock();
    const body = () => ({
      v: VERSION,
      epoch,
      generation,
      reason,
      upstream,
      op_id: operation(),
      tab_state: page.hidden() ? "hidden" : "visible",
    });
    const find = async (): Promise<Token> => {
      const answer = await ask("/auth/token", given, undefined, body);
      if (answer.status === 404) throw unknown(upstream);
      const said = (answer.body ?? {}) as Record<string, unknown>;
      const { access_token: text, token_type: type, expires_in: left, lifetime } = said;
      if (typeof text !== "string" || `${type}`.toLowerCase() !== "bearer" || !seconds(left) || !seconds(lifetime) || !whole(said.epoch) || !whole(said.generation)) {
        throw fault("ERR_SESSION_NETWORK", ": what came is no token");
      }
      // Somebody else is logged in by now.
      if (said.epoch !== epoch) throw fault("ERR_SESSION_UNAVAILABLE", ": another login has begun");
      const life = (lifetime as number) * 1000;
      const lead = Math.min(Math.max(life / 5, LEAD_MS[0]), LEAD_MS[1], life / 2);
      const use = (left as number) * 1000 - lead;
      return { text, epoch, generation: said.generation as number, until: { wall: begun.wall + use, mono: begun.mono + use } };
    };
    const question: Question = { token: find(), given, epoch, reason, waits: 0 };
    const settled = () => questions.get(upstream) === question && questions.delete(upstream);
    question.token.then((token) => settled() && tokens.set(upstream, token), settled);
    questions.set(upstream, question);
    return question;
  };

  /** The token that there is, or a new one; not `refused`, which its resource server did not take. */
  const tokenOf = async (upstream: string, stamp: Stamp, { signal }: WaitOptions, refused?: Token): Promise<Token> => {
    closed.throwIfAborted();
    const [epoch, generation] = stamp;
    const held = tokens.get(upstream);
    const now = clock();
    if (held && held !== refused && held.epoch === epoch && now.wall < held.until.wall && now.mono < held.until.mono) return held;
    tokens.delete(upstream);
    let question = questions.get(upstream);
    if (question?.epoch !== epoch) {
      const before = refused ?? (held?.epoch === epoch ? held : undefined);
      question = begin(upstream, before ? [epoch, before.generation] : [epoch, generation], refused ? "unauthorized" : held ? "deadline" : "resume");
    }
    const asked = question!;
    asked.waits += 1;
    const leave = () => {
      asked.waits -= 1;
      if (asked.waits) return;
      // Who comes next asks anew.
      if (questions.get(upstream) === asked) questions.delete(upstream);
      asked.given.abort();
    };
    return wait<Token>(signal, ({ resolve, reject }) => void asked.token.then(resolve, reject), leave);
  };

  const unknown = (upstream: string) => {
    const names = (upstreams() ?? []).filter(({ mode }) => !mode).map(({ name }) => name);
    return fault("ERR_SESSION_UPSTREAM", `: "${upstream}" is none whose token is for a page; ${names.length ? `there are ${names.join(", ")}` : "there are none"}`);
  };

  const named = (upstream: string) => upstreams()?.find(({ name, mode }) => name === upstream && !mode);

  return {
    async getAccessToken(upstream: string, options: WaitOptions = {}): Promise<string> {
      closed.throwIfAborted();
      // Which upstreams there are is known only while calls can be made.
      const stamp = await (await calls(options.signal)).permit(options.signal, named(upstream)?.vault);
      if (!named(upstream)) throw unknown(upstream);
      return (await tokenOf(upstream, stamp, options)).text;
    },

    /** Makes a call that goes to its upstream by itself, and once more if its token is refused. */
    async mediate(call: Call, [target, , upstream]: Route, stamp: Stamp): Promise<Response> {
      let token = await tokenOf(upstream!, stamp, call);
      for (let repeated = false; ; repeated = true) {
        // Nothing else of the session goes there, and the token goes nowhere else.
        const response = await call.transmit(target, [["authorization", `Bearer ${token.text}`]], { mode: "cors", redirect: "manual" });
        if (response.type === "opaqueredirect") throw fault("ERR_SESSION_REDIRECT", `: ${call.url.split("?")[0]} is answered with a redirect`);
        if (response.status !== 401 || repeated || !call.repeatable || closed.aborted) return response;
        const next = await tokenOf(upstream!, stamp, call, token);
        // It is the one that was refused: it will be refused again.
        if (next.text === token.text) return response;
        token = next;
        void response.body?.cancel().catch(() => {});
      }
    },
  };
}
