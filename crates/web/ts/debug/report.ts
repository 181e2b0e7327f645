import type { Session } from "../session.js";
import type { SessionOptions } from "../types.js";
import type { TimelineEntry } from "./entry.js";
import { type Environment, environment } from "./environment.js";
import { Log, recordingOf } from "./recording.js";
import type { SessionSnapshot } from "./snapshot.js";

/** What happened to a session, to be sent to who can mend it. There is no token in it, no claim of the user, and no address with a query. */
export interface SessionReport {
  /** The version of this form. */
  readonly "everlit-report": 1;
  /** When it was made, by this computer's clock, which may be wrong: see `snapshot.skew`. */
  readonly made: string;
  /** For how many milliseconds the session was watched; 0 if it was not. */
  readonly watched: number;
  /** How many older entries made room for newer ones. */
  readonly dropped: number;
  readonly environment: Environment;
  /** Which options were given, where that is known: numbers, booleans and ways as they are, of all else only that there is something. */
  readonly options?: { readonly [name: string]: unknown };
  readonly snapshot: SessionSnapshot;
  readonly timeline: readonly TimelineEntry[];
}

/**
 * The report of a session. What happened is in it as far as somebody has called `watch`, or has the panel open; without that it
 * says only where the session stands.
 *
 * ```ts
 * await navigator.clipboard.writeText(JSON.stringify(report(session), undefined, 2));
 * ```
 */
export function report(session: Session): SessionReport {
  const known = recordingOf(session);
  const watched = known ?? new Log(session, 1, undefined);
  if (!known) watched.stop();
  const timeline = watched.timeline();
  const options = watched.options && shown(watched.options);
  return {
    "everlit-report": 1,
    made: new Date().toISOString(),
    watched: known ? known.watched : 0,
    dropped: (timeline[0]?.number ?? 1) - 1,
    environment: environment(),
    ...(options && { options }),
    snapshot: watched.snapshot(),
    timeline,
  };
}

/** The options whose values say nothing but how the session is to behave. */
const PLAIN = ["lead", "maintenance", "healthCheck", "events"] as const;
const WAYS: readonly unknown[] = ["frame", "popup", "redirect"];
const isPlain = (value: unknown) => typeof value === "number" || typeof value === "boolean";

function shown(options: SessionOptions): Record<string, unknown> {
  const { idle, silent, wasm, signal, retry } = options;
  const pairs: [string, unknown][] = PLAIN.map((name) => [name, options[name]]);
  pairs.push(["idle.lapse", idle?.lapse], ["idle.prompt", idle?.prompt]);
  const plain = pairs.filter(([, value]) => isPlain(value));
  const given = Object.entries({ wasm, signal, retry }).filter(([, value]) => value !== undefined);
  return Object.fromEntries([
    ...plain,
    ...(Array.isArray(silent) ? [["silent", silent.filter((way) => WAYS.includes(way))]] : []),
    ...given.map(([name]) => [name, "given"]),
  ]);
}
