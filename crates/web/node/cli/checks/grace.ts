// What the authorization server forgives when an answer is lost.

import { knownServer } from "../known-servers.js";
import { isLocal, isSupabase, type Provider } from "../provider.js";
import { ok, warn, type Check } from "./check.js";

export function grace(provider: Provider, file: string): Check {
  const name = `rotation at ${provider.name}`;
  if (isSupabase(provider)) return ok(name, "a refresh token whose answer was lost may always be shown again");
  const set = provider.settings.grace;
  const known = isLocal(provider.issuer) ? "oidc-provider" : knownServer(provider.issuer);
  const why = "an answer that is lost on its way costs the user a login";
  if (typeof set === "object" && set !== null) return ok(name, "as configured");
  if (typeof set === "string" && (set !== "strict" || !known)) {
    if (known && set !== known) return warn(name, `grace = "${set}", and the issuer looks like ${known}'s`, `grace = "${known}" in [vars.PROVIDER_${provider.key}] of ${file}, if that is what it is.`);
    return ok(name, `grace = "${set}"`);
  }
  if (known) return warn(name, `grace is ${set ? '"strict"' : "left out"}, so the server is taken to forgive nothing: ${why}`, `grace = "${known}" in [vars.PROVIDER_${provider.key}] of ${file}.`);
  const remedy = `In [vars.PROVIDER_${provider.key}] of ${file}: grace = "<name>" if your editor offers the server's name there. Else look in its manual for how long a refresh token that was used may come again ("reuse interval", "leeway", "overlap", "grace period"): grace = { window = "30s", replay = "new_sibling" }. Does it forgive nothing, or is nothing known: grace = "strict".`;
  return warn(name, `grace is left out, so the server is taken to forgive nothing: ${why}`, remedy);
}
