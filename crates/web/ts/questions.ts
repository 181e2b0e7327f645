import { EventKind } from "./abi.js";
import type { AccountHost } from "./account.js";
import type { SessionErrorCode } from "./errors.js";
import type { Timer } from "./timer.js";
import type { Answer } from "./transport.js";
import type { WaitOptions } from "./types.js";

/** So long is waited for in all, where the Worker says when to come again. Who is told to wait longer is told so. */
const PATIENCE_MS = 60_000;
/** So long, where it does not say when. */
const PAUSE_MS = 2_000;

/** What the Worker's word means to who asked. */
const ENDS: { readonly [code: string]: SessionErrorCode } = {
  logged_out: "ERR_SESSION_LOGGED_OUT",
  session_ended: "ERR_SESSION_ENDED",
  reauth_required: "ERR_SESSION_REAUTH",
  link_required: "ERR_SESSION_LINK",
};

/** A question that its caller may give up; the answer to one that nobody waits for any more is dropped. */
export type Ask = (path: string, options: WaitOptions, method?: string, body?: () => object) => Promise<Answer>;

/** Questions to the Worker, for whoever waits. */
export function createQuestions({ ask, closed, clock, timer, fault, problemOf, wait, on }: AccountHost): Ask {
  return async (path, { signal }, method, body) => {
    const begun = clock().mono;
    for (;;) {
      const either = new AbortController();
      const stop = ({ target }: { target: unknown }) => either.abort((target as AbortSignal).reason);
      const signals = signal ? [signal, closed] : [closed];
      for (const each of signals) {
        each.throwIfAborted();
        each.addEventListener("abort", stop as EventListener);
      }
      const stopped = new Promise<never>((_, reject) => either.signal.addEventListener("abort", () => reject(either.signal.reason)));
      stopped.catch(() => {});
      try {
        const answer = await Promise.race([ask(path, either.signal, body, method), stopped]);
        either.signal.throwIfAborted();
        if (answer.status >= 200 && answer.status < 300) return answer;
        const trouble = problemOf(answer);
        const { code = "", detail } = trouble ?? {};
        const special = detail && `: ${detail}`;
        const ended = ENDS[code];
        if (ended) {
          // The session may not know yet.
          if (answer.status === 401) on(EventKind.Restored);
          throw fault(ended, special);
        }
        if (!trouble) throw fault("ERR_SESSION_NETWORK", answer.status ? `: the Worker's ${path} was answered ${answer.status}` : undefined);
        if (code === "not_found") return answer;
        if (answer.status !== 429 && answer.status !== 503) throw fault("ERR_SESSION_UNAVAILABLE", `: ${code}${special ?? ""}`);
        if (code === "misconfigured") throw fault("ERR_SESSION_UNAVAILABLE", `: misconfigured${special ?? ""}; an operator has to mend it`);
        const asked = trouble.retry_after === undefined ? answer.retryAfter : trouble.retry_after * 1000;
        const pause = asked >= 0 ? asked : PAUSE_MS;
        if (clock().mono + pause - begun > PATIENCE_MS) throw fault("ERR_SESSION_UNAVAILABLE", `: try again in ${Math.ceil(pause / 1000)} s${special ?? ""}`);
        let again: Timer;
        await wait<void>(either.signal, ({ resolve }) => (again = timer(resolve))(pause), () => again(Infinity));
      } finally {
        for (const each of signals) each.removeEventListener("abort", stop as EventListener);
      }
    }
  };
}
