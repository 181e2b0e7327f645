import { ServiceError } from "./error.js";
import type { ServiceOptions } from "./types.js";

/** The options as they are used. */
export interface Checked {
  readonly base: string;
  readonly name: string;
  readonly key: string;
  readonly keys: readonly Uint8Array<ArrayBuffer>[];
  readonly timeout: number;
  readonly send: typeof fetch | undefined;
}

type Accepts = readonly [what: string, accepts: (value: any) => unknown];

const isSigningKey = (key: unknown) => typeof key === "string" && /^(whsec_)?([a-z\d+/]{4}){8,}([a-z\d+/]{2}(==)?|[a-z\d+/]{3}=?)?$/i.test(key);
const OPTIONS: Readonly<Record<keyof ServiceOptions, Accepts>> = {
  url: ["https:// and the Worker's host, or http:// on this machine", (url) => /^(https:\/\/|http:\/\/(localhost|127[\d.]+|\[::1\])(?![^:/]))[^\s?#@]*$/.test(url) && URL.canParse(url)],
  name: ["the service's name: letters, digits, - and _", (name) => typeof name === "string" && /^[\w-]{1,64}$/.test(name)],
  key: ['the caller\'s key: 32 characters or more, no space and no "Bearer"', (key) => typeof key === "string" && /^[!-~]{32,}$/.test(key)],
  signingKey: ['"whsec_" and base64 of 24 bytes or more, or a list of such', (keys = []) => [keys].flat().every(isSigningKey)],
  timeout: ["milliseconds from 100 to 600000", (timeout = 100) => typeof timeout === "number" && timeout >= 100 && timeout <= 6e5],
  fetch: ["a function", (send = String) => typeof send === "function"],
};

/** What came, without a secret. */
const shown = (name: string, value: unknown) => (/key/i.test(name) && value ? `${typeof value}${typeof value === "string" ? ` of ${value.length} characters` : ""}` : (JSON.stringify(value) ?? typeof value));

/** Fails by name, and never says what a secret is. */
export function checked(options: ServiceOptions): Checked {
  const given = Object(options) as Record<string, unknown>;
  const odd = Object.keys(given).find((name) => !(name in OPTIONS));
  if (odd) throw new ServiceError("ERR_SERVICE_CONFIG", `openService has no option ${JSON.stringify(odd)}; there are ${Object.keys(OPTIONS)}`);
  for (const [name, [what, accepts]] of Object.entries(OPTIONS)) {
    if (!accepts(given[name])) throw new ServiceError("ERR_SERVICE_CONFIG", `openService: ${name} is to be ${what}; what came is ${shown(name, given[name])}`);
  }
  const { url, name, key, signingKey = [], timeout = 15_000, fetch: send } = options;
  const keys = [signingKey].flat().map((each) => Uint8Array.from(atob(each.replace("whsec_", "")), (char) => char.charCodeAt(0)));
  return { base: url.replace(/\/*$/, "/service/"), name, key, keys, timeout, send };
}
