/** The operator at their browser: signs in at the provider's page, and comes back to us or copies the address they were sent to. */

import { Browser } from "../../worker/support/browser.mjs";

/** What the page asks for. */
const LOGIN = { login: "ada", password: "any" };

/** @typedef {import("../../worker/support/browser.mjs").Answer} Answer */

/** @param {Answer} page a page with one form @returns {{ action: URL, form: Record<string, string> }} */
function formOf(page) {
  const action = / action="([^"]+)"/.exec(page.text)?.[1];
  if (!action) throw new Error(`a page without a form: ${page.status} ${page.text.slice(0, 300)}`);
  const hidden = [...page.text.matchAll(/type="hidden" name="([^"]+)" value="([^"]*)"/g)];
  return { action: new URL(action, page.url), form: Object.fromEntries(hidden.map(([, name = "", value = ""]) => [name, value])) };
}

/** @param {Answer} answer */
const leadsTo = (answer) => new URL(answer.headers.location ?? "", answer.url);

/**
 * Signs in at the provider.
 *
 * @param {Browser} browser
 * @param {URL} page where
 * @returns {Promise<Answer>} the provider's answer: it leads back, by an address or by a form
 */
async function signIn(browser, page) {
  const { action, form } = formOf(await browser.navigate(page, { site: "cross-site" }));
  return browser.navigate(action, { site: "same-origin", method: "POST", form: { ...form, ...LOGIN }, headers: { origin: page.origin } });
}

/** To the provider's page, by a link of ours. @param {Browser} browser @param {string} link */
async function begin(browser, link) {
  const begun = await browser.navigate(link);
  if (begun.status !== 303) throw new Error(`the login begins with ${begun.status}: ${begun.text.slice(0, 300)}`);
  return signIn(browser, leadsTo(begun));
}

/**
 * The whole login: the browser that began it brings its binding cookie back.
 *
 * @param {string} app our origin
 * @param {string} link
 * @returns {Promise<Answer>} our page that says what became of it
 */
export async function logIn(app, link) {
  const browser = new Browser(app);
  let answer = await begin(browser, link);
  if (answer.status === 200) {
    const { action, form } = formOf(answer);
    answer = await browser.navigate(action, { site: "cross-site", method: "POST", form, headers: { origin: answer.url.origin } });
  }
  for (let step = 0; step < 5 && answer.headers.location; step += 1) answer = await browser.navigate(leadsTo(answer), { site: "cross-site" });
  return answer;
}

/**
 * The same, but the person does not let the browser come back: they copy the address that it is sent to.
 *
 * @param {string} app @param {string} link
 * @returns {Promise<string>}
 */
export async function addressAfter(app, link) {
  return leadsTo(await begin(new Browser(app), link)).href;
}
