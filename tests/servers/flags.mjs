/** The command line of `main.mjs`. */

import { parseArgs } from "node:util";

import { DEFAULTS } from "./defaults.mjs";

/** What is wrong with the command line or the environment. The message is one line, meant for a person. */
export class UsageError extends Error {}

export const HELP = `Usage: CLIENT_SECRET=... node main.mjs [flags]

The demo's authorization server and protected resource server, in memory, on 127.0.0.1.
Prints one line of JSON when ready; stops on SIGTERM, SIGINT, or when its stdin closes.

  --port N             authorization server (default 0: a free port)
  --resource-port N    resource server (default 0)
  --control-port N     counters for tests (default 0)
  --access-ttl N       lifetime of access tokens in seconds (default ${DEFAULTS.accessTtl})
  --client-id ID       the app's client (default ${DEFAULTS.clientId})
  --redirect-uri URL   where it may be sent back to; repeatable
                       (default ${DEFAULTS.redirectUris[0]})
  --help               this text

  CLIENT_SECRET        environment: the client's secret, required
`;

const DAY = 24 * 60 * 60;

/** @param {string} name @param {string} text @param {number} least @param {number} most */
export function integer(name, text, least, most) {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (!(value >= least && value <= most)) {
    throw new UsageError(`--${name} has to be a whole number from ${least} to ${most}, not "${text}".`);
  }
  return value;
}

/** @param {Record<string, string | undefined>} env @returns {string} the client's secret */
export function secretIn({ CLIENT_SECRET: secret }) {
  if (!secret) throw new UsageError("The environment variable CLIENT_SECRET has to hold the client's secret.");
  // RFC 6749 appendix A: VSCHAR. The rest could not be sent by the client either.
  if (!/^[\x20-\x7e]+$/.test(secret)) throw new UsageError("CLIENT_SECRET may hold printable ASCII only.");
  return secret;
}

/** @param {string} text */
export function redirectUri(text) {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !["http:", "https:"].includes(url.protocol) || text.includes("#")) {
    throw new UsageError(`--redirect-uri has to be an http or https URL without a fragment, not "${text}".`);
  }
  return text;
}

/**
 * @param {string[]} args
 * @param {Record<string, string | undefined>} env
 * @returns {import("./servers.mjs").Options | "help"}
 */
export function readFlags(args, env) {
  let values;
  try {
    ({ values } = parseArgs({
      args,
      options: {
        port: { type: "string", default: "0" },
        "resource-port": { type: "string", default: "0" },
        "control-port": { type: "string", default: "0" },
        "access-ttl": { type: "string", default: String(DEFAULTS.accessTtl) },
        "client-id": { type: "string", default: DEFAULTS.clientId },
        "redirect-uri": { type: "string", multiple: true, default: [...DEFAULTS.redirectUris] },
        help: { type: "boolean", default: false },
      },
    }));
  } catch (error) {
    const [problem] = /** @type {Error} */ (error).message.split(/\. |\n/, 1);
    throw new UsageError(`${problem}. See --help.`);
  }
  if (values.help) return "help";

  const clientSecret = secretIn(env);
  if (!/^[\x20-\x7e]+$/.test(values["client-id"])) throw new UsageError("--client-id may hold printable ASCII only, and something.");

  return {
    clientSecret,
    clientId: values["client-id"],
    redirectUris: values["redirect-uri"].map(redirectUri),
    accessTtl: integer("access-ttl", values["access-ttl"], 1, DAY),
    port: integer("port", values.port, 0, 65535),
    resourcePort: integer("resource-port", values["resource-port"], 0, 65535),
    controlPort: integer("control-port", values["control-port"], 0, 65535),
  };
}
