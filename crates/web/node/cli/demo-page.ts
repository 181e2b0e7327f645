// The pages of the demo authorization server.

import { randomBytes } from "node:crypto";

export interface Page {
  readonly headers: Record<string, string>;
  readonly body: string;
}

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
export const escaped = (text: string): string => text.replace(/[&<>"']/g, (each) => ENTITIES[each] ?? "");

const STYLE = `:root{color-scheme:light dark;font:17px/1.5 system-ui,sans-serif}
body{min-height:100dvh;margin:0;display:grid;place-items:center;background:color-mix(in srgb,currentColor 4%,Canvas)}
main{box-sizing:border-box;width:min(24rem,100% - 2rem);padding:2rem;border-radius:1rem;background:Canvas;border:1px solid color-mix(in srgb,currentColor 15%,transparent)}
h1{margin:0 0 .3rem;font-size:1.4rem}p{margin:.3rem 0 1.2rem;opacity:.75}label{display:block;margin-bottom:.3rem}
input{box-sizing:border-box;width:100%;padding:.6rem .8rem;font:inherit;border-radius:.6rem;border:1px solid color-mix(in srgb,currentColor 35%,transparent)}
button{width:100%;margin-top:1rem;padding:.7rem;border:0;border-radius:.6rem;background:#4f46e5;color:#fff;font:inherit;cursor:pointer}
small{display:block;margin-top:1.2rem;opacity:.7}`;

/** @param inside markup, escaped already */
export function page(title: string, inside: string, formOrigins: readonly string[]): Page {
  const nonce = randomBytes(16).toString("base64");
  const note = "Demo server of everlit dev: it takes any name, keeps everything in memory, and is for this machine only.";
  return {
    headers: {
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "referrer-policy": "same-origin",
      "x-content-type-options": "nosniff",
      // Chromium holds form-action against every redirect after a form, and the last one leads to the app.
      "content-security-policy": `default-src 'none'; style-src 'nonce-${nonce}'; form-action ${["'self'", ...formOrigins].join(" ")}; base-uri 'none'; frame-ancestors 'none'`,
    },
    body: `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escaped(title)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,"><style nonce="${nonce}">${STYLE}</style></head>
<body><main><h1>${escaped(title)}</h1>${inside}<small>${note}</small></main></body></html>`,
  };
}
