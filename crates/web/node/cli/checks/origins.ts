// ORIGINS, and what to register for them.

import type { Project } from "../project.js";
import { originsOf } from "../provider.js";
import { fail, ok, type Check } from "./check.js";

/** http is for this machine only. */
export const isLocalHost = (host: string): boolean => host === "localhost" || host.endsWith(".localhost") || /^127(\.\d+){3}$/.test(host) || host === "[::1]";

export function origins({ vars, wrangler }: Project): Check {
  const all = originsOf(vars);
  const file = wrangler?.name ?? "wrangler.toml";
  if (!all.length) return fail("origins", `ORIGINS in ${file} names none`, `[vars] of ${file} needs ORIGINS = ["https://app.example.com"], with the address of your app; ["http://localhost:8787"] on this machine.`);
  for (const origin of all) {
    const url = URL.canParse(origin) ? new URL(origin) : undefined;
    if (!url || url.origin !== origin) return fail("origins", `${JSON.stringify(origin)} is no origin`, `An origin is scheme, host and port, in lower case and without a path${url ? `: "${url.origin}"` : ""}.`);
    if (url.protocol === "http:" && !isLocalHost(url.hostname)) return fail("origins", `${origin} is not https, and browsers keep Secure cookies from it`, `"https://${url.host}" in ORIGINS; http is for localhost only.`);
  }
  return ok("origins", all.join(", "));
}
