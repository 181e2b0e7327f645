// A chunk of its own, loaded at the first call of what most pages never call: tokens for the page, popups, links, devices.

import type { EventKind } from "./abi.js";
import { createAccess } from "./access.js";
import type { Calls } from "./calls.js";
import type { Moment } from "./clock.js";
import { createDevices } from "./devices.js";
import type { SessionError, SessionErrorCode } from "./errors.js";
import type { EventNumbers } from "./machine.js";
import type { Page } from "./page.js";
import { createQuestions } from "./questions.js";
import type { Desk } from "./desk.js";
import type { Lifecycle } from "./lifecycle.js";
import type { Session } from "./session.js";
import type { Timer } from "./timer.js";
import type { Transport } from "./transport.js";
import type { LoginOptions } from "./types.js";
import type { wait } from "./wait.js";
import type { Upstream, problemOf } from "./wire.js";

/** What it needs of its session, whose code it would carry else. The class of errors is among it: there is one, also for `instanceof`. */
export interface AccountHost {
  readonly session: Session;
  readonly closed: AbortSignal;
  readonly page: Page;
  readonly life: Lifecycle;
  readonly clock: () => Moment;
  readonly timer: (due: () => void) => Timer;
  readonly operation: () => string;
  readonly wait: typeof wait;
  readonly problemOf: typeof problemOf;
  readonly ask: Transport;
  readonly upstreams: () => readonly Upstream[] | undefined;
  /** What makes calls. */
  readonly calls: (signal?: AbortSignal | null) => Promise<Calls>;
  readonly fault: (code: SessionErrorCode, special?: string, cause?: unknown) => SessionError;
  /** Where a login begins. */
  readonly door: (options: LoginOptions) => string;
  readonly on: <K extends EventKind>(kind: K, ...numbers: EventNumbers[K]) => void;
}

export type Account = ReturnType<typeof account>;

/** What it can do. */
export function account(host: AccountHost) {
  const questions = createQuestions(host);
  const { session, closed, page, door, fault } = host;
  /** Leads a popup through a login, and resolves when somebody is logged in. Closing it is its opener's matter. */
  const popup: Desk["popup"] = async (...given) => (await import("./popups.js")).lead(host, ...given);
  return {
    ...createAccess(host, questions),
    popup,
    desk: async (): Promise<Desk> => ({ ...host, popup }),
    ...createDevices(host, questions),
    async debug(options?: Parameters<Session["debug"]>[0]) {
      closed.throwIfAborted();
      return (await import("./debug/index.js")).openDebugPanel(session, options);
    },
    report: async () => (await import("./debug/index.js")).report(session),
    /** The page of the session goes to link an account: the Worker lets no other page do so. */
    async link(provider: string, options: LoginOptions = {}): Promise<void> {
      closed.throwIfAborted();
      if (typeof provider !== "string" || !session.providers.some(({ name }) => name === provider)) {
        throw fault("ERR_SESSION_CONFIG", `: no provider "${provider}"; there are ${session.providers.map(({ name }) => name).join(", ") || "none"}`);
      }
      page.leave(door({ ...options, provider }));
    },
  };
}
