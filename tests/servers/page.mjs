/** The shell of every page that the authorization server shows: HTML, style, and its headers. */

import { randomBytes } from "node:crypto";

/** Markup that is safe to put into a page as it is. Everything else gets escaped by `html`. */
class Markup {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
  }
}

/** @type {Record<string, string>} */
const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** @param {unknown} value @returns {string} */
function escaped(value) {
  if (value instanceof Markup) return value.text;
  if (Array.isArray(value)) return value.map(escaped).join("");
  if (value === undefined || value === false) return "";
  return String(value).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}

/**
 * A template tag: what is interpolated is text, unless it was made by this tag itself.
 *
 * @param {TemplateStringsArray} strings
 * @param {...unknown} values
 */
export function html(strings, ...values) {
  return new Markup(String.raw({ raw: strings }, ...values.map(escaped)));
}

/** Takes over markup that the library made, such as its logout form. @param {string} text */
export function trusted(text) {
  return new Markup(text);
}

const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' height='32' rx='9' fill='%234f46e5'/%3E" +
  "%3Cpath d='M16 7l7 3v6c0 4.5-3 7.6-7 9-4-1.4-7-4.5-7-9v-6z' fill='%23fff'/%3E%3C/svg%3E";

const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f4f5f9; --glow: #e3e4fb; --card: #fff; --line: #e2e4ec; --field: #fff; --field-line: #c3c7d4;
  --text: #171a26; --quiet: #5a6072; --accent: #4f46e5; --accent-over: #4338ca; --on-accent: #fff;
  --soft: #eef0fe; --soft-text: #3730a3; --bad: #b42318; --bad-soft: #fef3f2;
  --shadow: 0 1px 2px rgb(23 26 38 / .05), 0 18px 50px -16px rgb(23 26 38 / .18);
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0e1018; --glow: #1d1e3f; --card: #171a26; --line: #292d3d; --field: #10131d; --field-line: #434961;
    --text: #eceef6; --quiet: #a2a9bd; --accent: #818cf8; --accent-over: #a5b0fb; --on-accent: #11132a;
    --soft: #20234a; --soft-text: #c7cdfd; --bad: #fda29b; --bad-soft: #391715;
    --shadow: 0 1px 2px rgb(0 0 0 / .4), 0 18px 50px -16px rgb(0 0 0 / .7);
  }
}
* { box-sizing: border-box; margin: 0; }
body {
  min-height: 100vh; min-height: 100dvh; padding: 24px 16px; display: grid; grid-template-rows: 1fr auto; gap: 24px;
  justify-items: center; align-items: center;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; color: var(--text);
  background: radial-gradient(60rem 34rem at 50% -10rem, var(--glow), transparent) no-repeat var(--ground);
}
main {
  width: 100%; max-width: 420px; padding: 36px; border: 1px solid var(--line); border-radius: 20px;
  background: var(--card); box-shadow: var(--shadow);
}
.mark { display: flex; align-items: center; gap: 10px; margin-bottom: 28px; font-weight: 600; font-size: 15px; letter-spacing: -.005em; }
.mark svg { width: 30px; height: 30px; flex: none; }
.mark rect { fill: var(--accent); } .mark path { fill: var(--on-accent); }
h1 { font-size: 25px; line-height: 1.25; letter-spacing: -.02em; font-weight: 650; text-wrap: balance; }
.lead { margin-top: 6px; color: var(--quiet); }
.lead b { color: var(--text); font-weight: 600; }
form { margin-top: 26px; }
label { display: block; margin: 16px 0 6px; font-size: 14px; font-weight: 550; }
input[type=text], input[type=password] {
  width: 100%; height: 46px; padding: 0 14px; font: inherit; color: inherit; background: var(--field);
  border: 1px solid var(--field-line); border-radius: 11px;
}
input:focus { outline: 3px solid color-mix(in srgb, var(--accent) 30%, transparent); border-color: var(--accent); }
input[aria-invalid=true] { border-color: var(--bad); }
button {
  width: 100%; min-height: 48px; padding: 10px 18px; font: inherit; font-weight: 600; cursor: pointer;
  border-radius: 11px; border: 1px solid transparent; color: var(--on-accent); background: var(--accent);
}
button:hover { background: var(--accent-over); }
button:focus-visible { outline: 3px solid color-mix(in srgb, var(--accent) 45%, transparent); outline-offset: 2px; }
button.other { color: var(--text); background: transparent; border-color: var(--field-line); }
button.other:hover { background: var(--soft); }
.row { display: flex; flex-direction: row-reverse; gap: 12px; }
form > button { margin-top: 24px; }
.hint, .bad { margin-top: 22px; text-wrap: balance; padding: 11px 14px; border-radius: 11px; font-size: 14px; background: var(--soft); color: var(--soft-text); }
.bad { color: var(--bad); background: var(--bad-soft); }
.who { display: flex; align-items: center; gap: 12px; margin-top: 22px; padding: 12px 14px; border: 1px solid var(--line); border-radius: 13px; }
.who i {
  display: grid; place-items: center; flex: none; width: 38px; height: 38px; border-radius: 50%; font-style: normal; font-weight: 650;
  color: var(--soft-text); background: var(--soft);
}
.who div { min-width: 0; line-height: 1.35; }
.who b, .who span { display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.who b { font-weight: 600; } .who span { font-size: 14px; color: var(--quiet); }
h2 { margin-top: 26px; font-size: 14px; font-weight: 550; color: var(--quiet); }
ul { margin-top: 4px; padding: 0; list-style: none; }
li { display: flex; gap: 12px; padding: 11px 0; border-bottom: 1px solid var(--line); }
li:last-child { border-bottom: 0; }
li svg { flex: none; width: 20px; height: 20px; margin-top: 2px; fill: none; stroke: var(--accent); stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; }
li b { display: block; font-weight: 550; } li span { display: block; font-size: 14px; color: var(--quiet); }
dl { margin-top: 22px; font-size: 14px; overflow-wrap: anywhere; }
dt { color: var(--quiet); } dd { margin: 0 0 10px; font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: 13px; }
footer { font-size: 13px; color: var(--quiet); text-align: center; }
@media (max-width: 480px) { main { padding: 28px 22px; } }
`;

/**
 * @param {object} page
 * @param {string} page.title
 * @param {string} page.host of the issuer, shown so that a person sees whose page it is
 * @param {Markup} page.body
 * @param {string[]} [page.formOrigins] other origins a form's answer may redirect to
 * @returns {{ headers: Record<string, string>, body: string }}
 */
export function renderPage({ title, host, body, formOrigins = [] }) {
  const nonce = randomBytes(16).toString("base64");
  const document = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<link rel="icon" href="${trusted(ICON)}">
<style nonce="${nonce}">${trusted(STYLE)}</style>
</head>
<body>
<main>
<div class="mark"><svg viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="9"/><path d="M16 7l7 3v6c0 4.5-3 7.6-7 9-4-1.4-7-4.5-7-9v-6z"/></svg>Demo accounts</div>
${body}
</main>
<footer>Authorization server at ${host}</footer>
</body>
</html>
`;
  return {
    body: document.text,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      // Chromium holds form-action against every redirect that a submitted form leads to, and the
      // last one goes back to the app: so its origin has to be named here.
      "content-security-policy": [
        "default-src 'none'",
        `style-src 'nonce-${nonce}'`,
        "img-src data:",
        ["form-action 'self'", ...formOrigins].join(" "),
        "base-uri 'none'",
        "frame-ancestors 'none'",
      ].join("; "),
      // Not no-referrer: under that a form is sent with `Origin: null`.
      "referrer-policy": "same-origin",
      "x-content-type-options": "nosniff",
    },
  };
}
