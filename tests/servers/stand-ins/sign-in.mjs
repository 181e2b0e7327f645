/** The page on which a person signs in at a stand-in. Any password will do, as at the other servers. */

import { html, renderPage } from "../page.mjs";

/** @param {ReturnType<typeof renderPage>} page @param {number} [status] @returns {import("./wire.mjs").Answer} */
const answer = ({ headers, body }, status = 200) => ({ status, headers, body });

/**
 * @param {object} about
 * @param {string} about.origin of the stand-in
 * @param {string} about.provider
 * @param {string} about.action where the form goes
 * @param {Record<string, string>} about.hidden what it carries on
 * @param {string} about.returnTo the app's address, which the form's answer leads to
 */
export function signInPage({ origin, provider, action, hidden, returnTo }) {
  return answer(renderPage({
    title: `Sign in to ${provider}`,
    host: new URL(origin).host,
    formOrigins: [new URL(returnTo).origin],
    body: html`<h1>Sign in to ${provider}</h1>
<p class="lead">A stand-in of the tests: it knows nobody's account.</p>
<form method="post" action="${action}">
${hiddenFields(hidden)}
<label for="login">User name</label>
<input id="login" name="login" type="text" autocomplete="username" autocapitalize="none" spellcheck="false" required autofocus>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password">
<button data-testid="sign-in">Sign in</button>
</form>`,
  }));
}

/**
 * A page that hands the person on to the app with a form: the way of providers that post.
 *
 * @param {{ origin: string, provider: string, action: string, hidden: Record<string, string> }} about
 */
export function handOverPage({ origin, provider, action, hidden }) {
  return answer(renderPage({
    title: `Back from ${provider}`,
    host: new URL(origin).host,
    formOrigins: [new URL(action).origin],
    body: html`<h1>You are signed in</h1>
<form method="post" action="${action}">
${hiddenFields(hidden)}
<button data-testid="continue">Continue to the app</button>
</form>`,
  }));
}

/** @param {{ origin: string, title: string, text: string, status?: number }} about */
export function sorryPage({ origin, title, text, status = 400 }) {
  return answer(renderPage({ title, host: new URL(origin).host, body: html`<h1>${title}</h1><p class="bad">${text}</p>` }), status);
}

/** @param {Record<string, string>} hidden */
function hiddenFields(hidden) {
  return Object.entries(hidden).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">
`);
}

/** What a form carries on of the request that led to it, as one field. @param {Record<string, string | null>} asked */
export function carried(asked) {
  return { request: Buffer.from(JSON.stringify(asked)).toString("base64url") };
}

/** The same, taken out again. @param {URLSearchParams} form @returns {Record<string, string | null>} */
export function carriedBy(form) {
  try {
    return Object(JSON.parse(Buffer.from(form.get("request") ?? "", "base64url").toString("utf8")));
  } catch {
    return {};
  }
}
