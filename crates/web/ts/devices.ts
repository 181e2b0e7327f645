import { EventKind } from "./abi.js";
import type { AccountHost } from "./account.js";
import type { Ask } from "./questions.js";
import type { DeviceSession, WaitOptions } from "./types.js";
import { stateOf } from "./wire.js";

/** The sessions and linked accounts of the user. */
export function createDevices({ session, closed, fault, on }: AccountHost, ask: Ask) {
  const path = (under: string, name: unknown) => {
    if (typeof name !== "string" || !name) throw fault("ERR_SESSION_CONFIG", `: ${under} takes a name, not ${JSON.stringify(name)}`);
    return `/auth/${under}/${encodeURIComponent(name)}`;
  };
  const endOthers = async (options: WaitOptions = {}): Promise<void> => {
    await ask("/auth/sessions", options, "DELETE");
  };
  return {
    endOthers,
    /** Ends all others before this one; where there is none any more, there is nothing to end. */
    async endAll(options: WaitOptions): Promise<void> {
      await endOthers(options).catch((error) => {
        closed.throwIfAborted();
        if (!/LOGGED_OUT|ENDED/.test(error?.code)) throw error;
      });
    },
    async list(options: WaitOptions = {}): Promise<readonly DeviceSession[]> {
      const { body } = await ask("/auth/sessions", options);
      const sessions = (body as { sessions?: unknown } | undefined)?.sessions;
      const devices = Array.isArray(sessions) && sessions.map(deviceOf);
      if (!devices || devices.includes(undefined)) throw fault("ERR_SESSION_NETWORK", ": what came is no list of sessions");
      return devices as DeviceSession[];
    },
    /** One that is over already is ended. */
    async end(id: string, options: WaitOptions = {}): Promise<void> {
      await ask(path("sessions", id), options, "DELETE");
      // It may have been this one.
      on(EventKind.Restored);
    },
    async unlink(provider: string, options: WaitOptions = {}): Promise<void> {
      const { status } = await ask(path("links", provider), options, "DELETE");
      if (status === 404) throw fault("ERR_SESSION_CONFIG", `: no provider "${provider}"; there are ${session.providers.map(({ name }) => name).join(", ")}`);
      const at = session.providers.findIndex(({ name }) => name === provider);
      if (at >= 0) on(EventKind.ProviderTold, at, 0, stateOf("unavailable"));
    },
  };
}

/** One session of a list, if it is one. */
function deviceOf(said: Record<string, unknown> | null): DeviceSession | undefined {
  const { id, current, state, login_at: loginAt, active_at: activeAt, device } = said ?? {};
  if (typeof id !== "string" || typeof current !== "boolean" || typeof loginAt !== "number" || typeof state !== "string") return undefined;
  return {
    id,
    current,
    state: state === "active" ? "active" : "reauth-required",
    loginAt: loginAt * 1000,
    ...(typeof activeAt === "number" && { activeAt: activeAt * 1000 }),
    ...(typeof device === "string" && { device }),
  };
}
