// The providers of a configuration.

import { table, texts, type Table } from "./wrangler-file.js";

export interface Provider {
  /** As in the variable's name: DEMO of PROVIDER_DEMO. */
  readonly key: string;
  /** As in URLs: demo. */
  readonly name: string;
  readonly issuer: string;
  readonly clientId: string;
  readonly settings: Table;
}

const PREFIX = "PROVIDER_";

export function providersOf(vars: Table): Provider[] {
  return Object.entries(vars).flatMap(([variable, value]) => {
    const settings = table(value);
    if (!variable.startsWith(PREFIX) || !settings) return [];
    const key = variable.slice(PREFIX.length);
    const text = (name: string) => (typeof settings[name] === "string" ? settings[name] : "");
    return [{ key, name: key.toLowerCase(), issuer: text("issuer") || text("url"), clientId: text("client_id"), settings }];
  });
}

/** The one that says who the user is. */
export function loginProvider(vars: Table): Provider | undefined {
  const all = providersOf(vars);
  return all.find(({ settings }) => settings.login === true) ?? all[0];
}

/** Whether it is a Supabase project, which has no discovery document that a login needs. */
export const isSupabase = (provider: Provider): boolean => provider.settings.kind === "supabase";

/** Where its secret lies. */
export function credentialOf(provider: Provider): string {
  if (isSupabase(provider)) return `SECRET_${provider.key}_API_KEY`;
  const kind = provider.settings.client_auth === "private_key_jwt" ? "KEY" : "SECRET";
  return `SECRET_${provider.key}_CLIENT_${kind}`;
}

/** Whether it is on this machine: where the demo authorization server can be. */
export function isLocal(issuer: string): boolean {
  if (!URL.canParse(issuer)) return false;
  const { protocol, hostname, pathname } = new URL(issuer);
  return protocol === "http:" && hostname === "127.0.0.1" && pathname === "/";
}

/** The origins that the app is served at. */
export const originsOf = (vars: Table): string[] => texts(vars.ORIGINS);

/** The origins of pages on sibling hosts. */
export const appsOf = (vars: Table): string[] => texts(vars.APP_ORIGINS);
