/** The command line of `main.mjs`. */

import { parseArgs } from "node:util";

import { integer, redirectUri, secretIn, UsageError } from "../flags.mjs";

export { UsageError };

/** The stand-ins that there are, each loaded when it is asked for. @type {Record<string, () => Promise<(options: any) => Promise<import("./stand-in.mjs").StandIn>>>} */
export const STAND_INS = {
  upstox: async () => (await import("./upstox/index.mjs")).startUpstox,
  breeze: async () => (await import("./breeze/index.mjs")).startBreeze,
  kite: async () => (await import("./kite/index.mjs")).startKite,
  supabase: async () => (await import("./supabase/index.mjs")).startSupabase,
};

const NAMES = Object.keys(STAND_INS).join(", ");

export const HELP = `Usage: CLIENT_SECRET=... node main.mjs <${Object.keys(STAND_INS).join("|")}> [flags]

A stand-in for a provider, in memory, on 127.0.0.1. Prints one line of JSON when ready;
stops on SIGTERM, SIGINT, or when its stdin closes.

  --port N             the provider (default 0: a free port)
  --control-port N     clock, faults, counters, actions (default 0)
  --client-id ID       the app's key (default: as its start function has it)
  --redirect-uri URL   the app's registered address
  --notifier-url URL   where approved tokens are posted to (upstox)
  --callback get|post  how the app hears of a login (breeze)
  --at TIME            its clock goes on from there, as ISO 8601 (default: now)
  --seed N             of faults that come by chance (default 1)
  --help               this text

  CLIENT_SECRET        environment: the app's secret, required
`;

/**
 * @param {string[]} args
 * @param {Record<string, string | undefined>} env
 */
export function readFlags(args, env) {
  const text = /** @type {const} */ ({ type: "string" });
  let parsed;
  try {
    parsed = parseArgs({
      args,
      allowPositionals: true,
      options: {
        port: { ...text, default: "0" },
        "control-port": { ...text, default: "0" },
        "client-id": text,
        "redirect-uri": text,
        "notifier-url": text,
        callback: text,
        at: text,
        seed: { ...text, default: "1" },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    const [problem] = /** @type {Error} */ (error).message.split(/\. |\n/, 1);
    throw new UsageError(`${problem}. See --help.`);
  }
  const { values, positionals: [name = "", ...more] } = parsed;
  if (values.help) return "help";
  if (!Object.hasOwn(STAND_INS, name) || more.length > 0) throw new UsageError(`A stand-in has to be named, one of ${NAMES}; not "${[name, ...more].join(" ")}".`);
  const at = values.at === undefined ? undefined : Date.parse(values.at);
  if (Number.isNaN(at)) throw new UsageError(`--at has to be a time as ISO 8601, not "${values.at}".`);
  if (values.callback !== undefined && !["get", "post"].includes(values.callback)) throw new UsageError(`--callback has to be get or post, not "${values.callback}".`);

  return {
    name,
    at,
    options: {
      clientSecret: secretIn(env),
      port: integer("port", values.port, 0, 65535),
      controlPort: integer("control-port", values["control-port"], 0, 65535),
      seed: integer("seed", values.seed, 0, 999_999_999),
      ...(values["client-id"] !== undefined && { clientId: values["client-id"] }),
      ...(values["redirect-uri"] !== undefined && { redirectUri: redirectUri(values["redirect-uri"]) }),
      ...(values["notifier-url"] !== undefined && { notifierUrl: values["notifier-url"] }),
      ...(values.callback !== undefined && { callback: values.callback }),
    },
  };
}
