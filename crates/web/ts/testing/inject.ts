import { loginOf, networks } from "./network.js";

// What `loginPopup` wants of its page: a popup of its browser, what that tells it, and a user who is back at the page when that is closed.
export { openWindow as open, listen as addEventListener } from "./popup.js";
export const document = { hasFocus: () => true };

/** In the place of `fetch` in all that is bundled here: what a session under test sends stays in its test. */
export async function fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const headers = new Headers(init?.headers ?? (input as Request).headers);
  const found = [...networks].find((network) => network.carries(headers));
  if (found) return found.call(new Request(input, init));
  // Its test is over: it goes nowhere, and least of all with its token.
  if (loginOf(headers)) throw new TypeError("fetch failed: the session of this call was closed");
  return globalThis.fetch(input, init);
}
