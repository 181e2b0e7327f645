/** What a person does at the authorization server: sign in, allow, and be sent back. */

/** @param {import("./browser.mjs").Answer} answer */
const isRedirect = (answer) => answer.status >= 300 && answer.status < 400 && answer.headers.location;

/**
 * Follows a login from the app's login address to where the authorization server sends the browser back.
 *
 * @param {import("./browser.mjs").Browser} browser
 * @param {{ login?: string, returnTo?: string, begin?: import("./browser.mjs").Answer, decide?: "consent" | "deny" }} [options]
 * @returns {Promise<URL>} the callback's address, not visited yet
 */
export async function authorize(browser, { login = "ada@example.com", returnTo = "/", begin, decide = "consent" } = {}) {
  const query = new URLSearchParams({ return_to: returnTo });
  let answer = begin ?? (await browser.navigate(`/auth/login?${query}`, { site: "same-origin" }));
  if (answer.status !== 302) throw new Error(`the login answered ${answer.status}: ${answer.text}`);
  for (let step = 0; step < 20; step += 1) {
    if (isRedirect(answer)) {
      const next = new URL(/** @type {string} */ (answer.headers.location), answer.url);
      if (next.origin === browser.app) return next;
      answer = await browser.navigate(next, { site: "cross-site" });
      continue;
    }
    const posted = answer.text.match(/ action="([^"]+\/auth\/callback\/[^"]+)"/)?.[1];
    if (posted) {
      // The server has the browser post its response.
      const form = Object.fromEntries([...answer.text.matchAll(/name="([^"]+)" value="([^"]*)"/g)].map(([, name = "", value = ""]) => [name, value]));
      const sent = await browser.navigate(new URL(posted, answer.url), { site: "cross-site", method: "POST", form });
      return new URL(sent.headers.location ?? "/", sent.url);
    }
    const actions = [...answer.text.matchAll(/ (?:form)?action="([^"]+)"/g)].map((match) => match[1]);
    const action = actions.find((path) => path?.endsWith("/login")) ?? actions.find((path) => path?.endsWith(`/${decide}`));
    if (!action) throw new Error(`a page without a form at ${answer.url.pathname}: ${answer.status} ${answer.text}`);
    const form = /** @type {Record<string, string>} */ (action.endsWith("/login") ? { login, password: "any" } : {});
    answer = await browser.navigate(new URL(action, answer.url), { site: "same-origin", method: "POST", form, headers: { origin: answer.url.origin } });
  }
  throw new Error("the authorization server never sent the browser back");
}

/**
 * A whole login. The browser has its session cookie after it.
 *
 * @param {import("./browser.mjs").Browser} browser
 * @param {Parameters<typeof authorize>[1]} [options]
 * @returns the landing page
 */
export async function logIn(browser, options) {
  const callback = await authorize(browser, options);
  return browser.navigate(callback, { site: "cross-site" });
}
