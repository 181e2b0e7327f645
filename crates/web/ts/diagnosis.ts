import { explain } from "./explanation.js";
import { type Transport, ask } from "./transport.js";

/** What members of an answer show whether a session can be had here at all. */
type Said = { readonly v?: unknown; readonly type?: unknown; readonly state?: unknown } | undefined | null;

/** Asks, and where the answer to the first question of all shows that this page can have no session, says why. */
export const diagnose: Transport = async (path, ...question) => {
  const answer = await ask(path, ...question);
  const { v, type, state } = (answer.body as Said) ?? {};
  // A frame, and a page without https, are what a cookie may be missing in; which it is, is found out there.
  const odd = v || type ? state === "logged_out" && (top !== self || location.protocol < "https:") : answer.status;
  return odd && path.endsWith("/auth/session") ? explain("nobodyThere", answer, path) : answer;
};
