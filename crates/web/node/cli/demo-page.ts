// The pages of the demo authorization server.

import { randomBytes } from "node:crypto";
import { STYLE } from "./demo-style.js";

export interface Page {
  readonly headers: Record<string, string>;
  readonly body: string;
}

export interface PageOptions {
  readonly issuer: string;
  readonly app: { readonly name: string; readonly origin: string };
  /** Where a form's answer may lead to. */
  readonly formOrigins: readonly string[];
}

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escaped = (text: string): string => text.replace(/[&<>"']/g, (each) => ENTITIES[each] ?? "");

const SHIELD = "M16 7l7 3v6c0 4.5-3 7.6-7 9-4-1.4-7-4.5-7-9v-6z";
const MARK = `<svg viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="9"/><path d="${SHIELD}"/></svg>`;
const ICON = `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="9" fill="#4f46e5"/><path d="${SHIELD}" fill="#fff"/></svg>`)}`;

export class DemoPages {
  constructor(readonly options: PageOptions) {}

  signIn(action: string): Page {
    const { name, origin } = this.options.app;
    return this.#page(
      "Sign in",
      `<p class="lead">to continue to <b>${escaped(name)}</b><br>${escaped(origin)}</p>
<form method="post" action="${escaped(action)}">
<label for="login">Name or email</label>
<input id="login" name="login" type="text" maxlength="100" required autofocus autocomplete="username" autocapitalize="none" spellcheck="false">
<button type="submit">Sign in</button>
</form>
<p class="hint">Any name works, and there is no password: this server of <code>everlit dev</code> is for your machine only, and forgets everybody when it ends.</p>`,
    );
  }

  /** @param form the library's own, without its buttons */
  signOut(form: string, account?: string): Page {
    const who = account ? `<div class="who"><i aria-hidden="true">${escaped([...account][0] ?? "")}</i><b>${escaped(account)}</b></div>` : "";
    return this.#page(
      "Sign out?",
      `<p class="lead">You are logged out of <b>${escaped(this.options.app.name)}</b>. Here you are still known, so that the next login asks for nothing.</p>
${who}${form}
<div class="row">
<button type="submit" form="op.logoutForm" name="logout" value="yes">Sign out</button>
<button type="submit" form="op.logoutForm" class="other">Stay</button>
</div>`,
    );
  }

  signedOut(): Page {
    return this.#page("You are signed out", `<p class="lead">You can close this page, or go back to <a href="${escaped(this.options.app.origin)}">${escaped(this.options.app.name)}</a>.</p>`);
  }

  error(why: string, code?: string): Page {
    const { name, origin } = this.options.app;
    return this.#page("That did not work", `<p class="lead">Go back to <a href="${escaped(origin)}">${escaped(name)}</a> and log in again.</p><p class="bad">${code ? `<code>${escaped(code)}</code>${why && ": "}` : ""}${escaped(why)}</p>`);
  }

  /** @param inside markup, escaped already */
  #page(title: string, inside: string): Page {
    const nonce = randomBytes(16).toString("base64");
    const { issuer, formOrigins } = this.options;
    return {
      headers: {
        "content-type": "text/html; charset=utf-8",
        "cache-control": "no-store",
        "referrer-policy": "same-origin",
        "x-content-type-options": "nosniff",
        // Chromium holds form-action against every redirect after a form, and the last one leads to the app.
        "content-security-policy": `default-src 'none'; style-src 'nonce-${nonce}'; img-src data:; form-action ${["'self'", ...formOrigins].join(" ")}; base-uri 'none'; frame-ancestors 'none'`,
      },
      body: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${escaped(title)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<link rel="icon" href="${ICON}">
<style nonce="${nonce}">${STYLE}</style>
</head>
<body>
<main>
<div class="mark">${MARK}Demo accounts</div>
<h1>${escaped(title)}</h1>
${inside}
</main>
<footer>Authorization server at ${escaped(new URL(issuer).host)}</footer>
</body>
</html>
`,
    };
  }
}
