import { explain } from "./explanation.js";
import { type Transport, ask } from "./transport.js";

/** What members of an answer show whether a session can be had here at all. */
type Said = { readonly v?: unknown; readonly type?: unknown; readonly state?: unknown } | undefined | null;

/** Whether the browser may keep no cookie for this page: a frame, or one like that of the session is not kept. Why, is found out by a chunk. */
const isWithoutCookie = () => top !== self || ((document.cookie = "everlit=;max-age=1;secure"), !/everlit=/.test(document.cookie));

/**
 * Asks, and where the answer to the question where the session stands shows that this page can have none, says why. That no Worker is there is
 * no explanation any more once one has answered: then it is the network, or what stands in between.
 */
export const diagnose = EAGER((): Transport => {
  let known: unknown;
  return EAGER(async (path, ...question) => {
    const answer = await ask(path, ...question);
    const { v, type, state } = (answer.body as Said) ?? {};
    known ||= v || type;
    // What was given up is not answered.
    const odd = known ? state === "logged_out" && isWithoutCookie() : !question[0].aborted;
    return odd && path.endsWith("/auth/session") ? explain("session", answer, path) : answer;
  });
});
