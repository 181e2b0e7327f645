// A chunk of its own, loaded when only a person can go on: who is asked, what waits for them, and what is made again when they did.

import { HEADER_CODE } from "./abi.js";
import { CODES, type CallsHost } from "./calls.js";
import type { SessionError } from "./errors.js";
import type { fallback } from "./fallback.js";
import type { Stamp } from "./machine.js";
import { type Said, isVault, needOf } from "./need.js";
import type { ReauthAsk, ReauthNeed } from "./types.js";

/** What is to be known of a call. */
export type Tended = { readonly repeatable: boolean; readonly signal: AbortSignal | null | undefined };

/** What is done about a call that came to nothing for want of a person. `again` makes it once more. */
export type Mend = <T extends Response | Stamp>(cause: SessionError, vault: string | undefined, call: Tended, again: () => Promise<T>) => Promise<T | Response>;

/** What the other chunk is made with. */
export interface People {
  /** Tells the app, and gives what it wants to be waited for. Of a call that does not wait, its signal says so. */
  readonly tell: (need: ReauthAsk, signal?: AbortSignal | null) => readonly PromiseLike<unknown>[];
  /** What is wrong with a call, and whose token it lacks; an answer that is none of ours as it is. With one of a backend, that. */
  readonly read: (cause: SessionError, vault: string | undefined) => Promise<readonly [error: SessionError, need?: ReauthAsk, foreign?: Response] | Response>;
  /** Of the other chunk: a person did what somebody was told of. */
  mended?: () => void;
}

const bodyOf = (response: Response): Promise<Said> => response.clone().json().catch(() => 0).then(Object);

/** For calls of this session. */
export function human(host: CallsHost) {
  const { session, page, fault, wait, own, reauthOrigins = [] } = host;
  let falls: ReturnType<typeof fallback> | undefined;
  /** Answers of backends that are none of the Worker's upstreams, and whose token they lack. */
  const foreign = new WeakMap<Response, string>();

  const tell: People["tell"] = (need, signal) => {
    const waits: PromiseLike<unknown>[] = [];
    let isLate: boolean | undefined;
    const waitUntil = (promise: PromiseLike<unknown>) => {
      if (isLate) throw new TypeError("waitUntil() came too late");
      waits.push(promise);
    };
    session.dispatchEvent(Object.assign(new CustomEvent("reauth", { detail: signal ? { ...need, signal } : need }), { waitUntil }));
    isLate = true;
    // Also where nobody waits.
    if (waits.length) Promise.all(waits).then(() => people.mended?.(), () => {});
    return waits;
  };

  /** A vault that lacks its token, and what is known of that: what was said, and of the session's own logins what always holds. */
  const needed = (vault: string | undefined, said?: Omit<ReauthNeed, "vault">): ReauthAsk | undefined => {
    if (!isVault(vault)) return undefined;
    const [kind, name] = vault.split(":");
    const provider = said?.provider ?? name ?? session.providers[own()]?.name;
    const by = provider && { provider };
    const login = kind !== "service" && ({ ...by, how: ["popup", "redirect"], who: "you", loginUrl: `/auth/login${name ? `?provider=${name}` : ""}` } as const);
    return { vault, ...by, ...((said || login) && { problem: { vault, ...login, ...said } }) };
  };

  const read: People["read"] = async (cause, vault) => {
    const { code, cause: response } = cause as SessionError & { cause: Response };
    let error = cause;
    let need: ReauthAsk | undefined;
    const lacking = foreign.get(response);
    if (lacking) return [cause, needed(lacking), response];
    const said = response?.headers?.get(HEADER_CODE);
    const name = vault?.split("linked:")[1];
    // An account that is not linked looks like a provider that cannot help just now; what came of a second time may be anything.
    const lacks = () => /REA|UNA/.test(code) && !CODES[session.state] && session.providers.some((each) => each.name === name && /^(un|ne)/.test(each.state));
    if (said === "link_required" || (!said && (/LINK/.test(code) || lacks()))) {
      error = fault("ERR_SESSION_LINK", name && `: ${name} is not linked; offer link("${name}")`);
      need = needed(name && vault);
    } else if (said) {
      if (said !== "reauth_required") return response;
      const body = await bodyOf(response);
      const what = needOf(body);
      error = fault(code, what.detail && `: ${what.detail}`);
      need = needed(isVault(body.vault) ? body.vault : vault, what);
    } else if (/REA/.test(code)) need = needed("login");
    if (need?.problem) Object.assign(error, { reauth: need.problem });
    return [error, need];
  };

  /** Waits for them, in the name of the login that is there now and of no other. */
  const until = (waits: readonly PromiseLike<unknown>[], signal: AbortSignal | null | undefined) => {
    const over = new AbortController();
    return wait<unknown>(signal, ({ resolve, reject }) => {
      Promise.all(waits).then(resolve, (why) => reject(/LOAD/.test(why?.code) ? why : fault("ERR_SESSION_CANCELLED", "", why)));
      session.addEventListener("loggedout", () => reject(fault(CODES[session.state] ?? "ERR_SESSION_LOGGED_OUT")), over);
    }).finally(() => over.abort());
  };

  /** Has a person mend what is wrong with a call, and makes it again: once for each token that it lacked. */
  const mend = async <T extends Response | Stamp>(cause: SessionError, vault: string | undefined, call: Tended, again: () => Promise<T>, before: string[] = []): Promise<T | Response> => {
    const found = await read(cause, vault);
    if (!("length" in found)) return found;
    const [error, need, own] = found;
    if (!need || before.includes(need.vault)) throw error;
    const { signal, repeatable } = call;
    signal?.throwIfAborted();
    const waits = tell(need, repeatable ? signal : AbortSignal.abort());
    // Without anybody who answers for it, it is the app's own, as any other answer of its backend.
    if (!waits.length && own) return own;
    if (!waits.length || !repeatable) throw error;
    await until(waits, signal);
    return again().catch((next) => mend(next, vault, call, again, [...before, need.vault]));
  };

  const people: People = { tell, read };

  return {
    mend,
    /** Makes a call that has a fallback. */
    async fall(...given: Parameters<ReturnType<typeof fallback>>): Promise<Response> {
      const chunk = await import("./fallback.js");
      return (falls ??= chunk.fallback(host, people))(...given);
    },
    /** An answer of a backend that is none of the Worker's upstreams: as it is, or what `mend` is for. Of what it says, only whose token is missing is believed. */
    async foreign(answer: Response, input: RequestInfo | URL): Promise<Response> {
      const { origin } = new URL(answer.url || (input as Request).url || (input as string), page.base());
      const isKnown = [page.here(), ...reauthOrigins].some((each) => new URL(each).origin === origin);
      if (!isKnown || !/^application\/problem\+json\b/.test(answer.headers.get("content-type")!)) return answer;
      const { code, vault } = await bodyOf(answer);
      if (code !== "reauth_required" || !isVault(vault)) return answer;
      foreign.set(answer, vault);
      throw fault("ERR_SESSION_REAUTH", "", answer);
    },
  };
}
