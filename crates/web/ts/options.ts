import { SessionError } from "./errors.js";
import { explain } from "./explanation.js";
import { type Shape, fits, maybe, seconds } from "./wire.js";
import { WAYS } from "./abi.js";

type Shapes = { readonly [name: string]: Shape };

const ms = maybe(seconds);
const origin = (url: unknown) => /^https?:\/\/[\w.:[\]-]+\/?$/.test(url as string);
const IDLE: Shapes = { lapse: ms, prompt: ms };
const OPTIONS: Shapes = {
  lead: ms,
  maintenance: ms,
  reauthOrigins: maybe([origin]),
  signal: maybe((signal) => signal instanceof AbortSignal),
  idle: maybe((idle) => !misfit(IDLE, idle)),
  healthCheck: ms,
  retry: maybe((retry) => typeof retry === "function"),
  silent: maybe([(way: unknown) => WAYS.includes(way as "frame")]),
  events: maybe((events) => events === !!events),
  baseUrl: maybe(origin),
  // Loading it says more than a look at it.
  wasm: maybe(Boolean),
};

/** The name of an option that is not as it should be, or that there is not. */
function misfit(shapes: Shapes, given: unknown): string | undefined {
  const names = Object.keys({ ...shapes, ...(given as object) });
  return Object(given) === given ? names.find((name) => !(name in shapes && fits(shapes[name]!, (given as Record<string, unknown>)[name]))) : "options";
}

/** Rejects options that are wrong. What is wrong with them is said by a chunk of its own. */
export async function check(options: unknown): Promise<void> {
  const name = misfit(OPTIONS, options);
  if (name) throw new SessionError("ERR_SESSION_CONFIG", `: ${await explain("options", name, options)}`);
}
