/** What the authorization server's pages say. Field names and test ids are relied on by tests elsewhere. */

import { html, trusted } from "./page.mjs";

/** @typedef {{ title: string, body: ReturnType<typeof html> }} Page */

/** @param {string} paths */
const icon = (paths) => html`<svg viewBox="0 0 24 24" aria-hidden="true">${trusted(paths)}</svg>`;

/** What a scope means to the person who is asked for it. @type {Record<string, [string, string, string]>} */
const SCOPES = {
  openid: ["Know that it is you", "A stable identifier of your account", '<circle cx="12" cy="8" r="4"/><path d="M4 21c.8-4 4-6 8-6s7.2 2 8 6"/>'],
  profile: ["See your name", "The one shown above", '<rect x="3" y="5" width="18" height="14" rx="3"/><circle cx="9" cy="11" r="2"/><path d="M6 16c.6-1.5 1.6-2 3-2s2.4.5 3 2M15 10h3M15 14h3"/>'],
  email: ["See your email address", "The one shown above", '<rect x="3" y="5" width="18" height="14" rx="3"/><path d="M4 7.5l8 6 8-6"/>'],
  offline_access: ["Stay signed in", "Access is renewed while you are away, until you log out", '<path d="M20 11a8 8 0 0 0-14.5-3.5L3 10M4 13a8 8 0 0 0 14.5 3.5L21 14M3 5v5h5M21 19v-5h-5"/>'],
};
const OTHER_SCOPE = '<path d="M12 3l7 3v6c0 4.5-3 7.6-7 9-4-1.4-7-4.5-7-9V6z"/>';

/**
 * @param {object} options
 * @param {string} options.action where the form posts to
 * @param {string} options.clientName
 * @param {string} [options.login] what was typed before, or was hinted at
 * @param {string} [options.problem] why the form is shown again
 * @returns {Page}
 */
export function signInPage({ action, clientName, login = "", problem }) {
  return {
    title: "Sign in",
    body: html`
<h1>Sign in</h1>
<p class="lead">to continue to <b>${clientName}</b></p>
${problem && html`<p class="bad" id="problem" role="alert">${problem}</p>`}
<form method="post" action="${action}">
<label for="login">Name or email</label>
<input id="login" name="login" type="text" value="${login}" maxlength="200" required autofocus autocomplete="username" autocapitalize="none" spellcheck="false"${problem && trusted(' aria-invalid="true" aria-describedby="problem"')}>
<label for="password">Password</label>
<input id="password" name="password" type="password" maxlength="200" required autocomplete="current-password">
<button type="submit" data-testid="sign-in">Sign in</button>
</form>
<p class="hint">Demo: any name and any password work.</p>`,
  };
}

/**
 * @param {object} options
 * @param {string} options.action where Allow posts to
 * @param {string} options.denyAction where Deny posts to
 * @param {string} options.clientName
 * @param {string} options.appOrigin
 * @param {{ name: string, email: string }} options.account
 * @param {string[]} options.scopes
 * @returns {Page}
 */
export function consentPage({ action, denyAction, clientName, appOrigin, account, scopes }) {
  return {
    title: `Allow ${clientName}?`,
    body: html`
<h1>Allow ${clientName} to use your account?</h1>
<p class="lead">${appOrigin}</p>
<div class="who"><i aria-hidden="true">${[...account.name][0]}</i><div><b>${account.name}</b><span>${account.email}</span></div></div>
<h2>It will be able to</h2>
<ul>
${scopes.map((scope) => {
  const [title, detail, paths] = SCOPES[scope] ?? [scope, "A permission of this app", OTHER_SCOPE];
  return html`<li>${icon(paths)}<div><b>${title}</b><span>${detail}</span></div></li>
`;
})}</ul>
<form method="post" action="${action}">
<div class="row">
<button type="submit" data-testid="allow">Allow</button>
<button type="submit" data-testid="deny" class="other" formaction="${denyAction}">Deny</button>
</div>
</form>`,
  };
}

/**
 * @param {object} options
 * @param {string} options.form the library's logout form, without its buttons
 * @param {{ name: string, email: string }} [options.account]
 * @returns {Page}
 */
export function signOutPage({ form, account }) {
  return {
    title: "Sign out",
    body: html`
<h1>Sign out of Demo accounts?</h1>
<p class="lead">You will be asked for your name again the next time an app sends you here.</p>
${account && html`<div class="who"><i aria-hidden="true">${[...account.name][0]}</i><div><b>${account.name}</b><span>${account.email}</span></div></div>`}
${trusted(form)}
<div class="row">
<button type="submit" form="op.logoutForm" name="logout" value="yes" data-testid="sign-out">Sign out</button>
<button type="submit" form="op.logoutForm" class="other" data-testid="stay">Stay</button>
</div>`,
  };
}

/** @returns {Page} */
export function signedOutPage() {
  return {
    title: "Signed out",
    body: html`
<h1>You are signed out</h1>
<p class="lead">You can close this page, or go back to the app.</p>`,
  };
}

/**
 * @param {object} options
 * @param {string} options.error the code of the specification
 * @param {string} [options.description]
 * @returns {Page}
 */
export function errorPage({ error, description }) {
  return {
    title: "That did not work",
    body: html`
<h1>That did not work</h1>
<p class="lead">Go back to the app and sign in again.</p>
<dl><dt>Error</dt><dd>${error}</dd>${description && html`<dt>What happened</dt><dd>${description}</dd>`}</dl>`,
  };
}
