// For programs without a page: Node 20 and later, Deno, Bun, Workers. No Wasm, and nothing of a browser.

import { receiver } from "./alerts.js";
import { type Answer, asker } from "./ask.js";
import { checked } from "./options.js";
import { required } from "./people.js";
import { sessions } from "./sessions.js";
import type { Service, ServiceOptions, ServiceStatus } from "./types.js";
import { camel } from "./wire.js";

export { reauthErrors, reauthRequired } from "./people.js";
export { ServiceError, type ServiceErrorCode, isServiceError } from "./error.js";
export type { Service, ServiceOptions, ServiceRefreshOptions, ServiceRequestOptions, ServiceSessionOptions } from "./types.js";
export type { ServiceAbsence, ServiceNone, ServiceSession, ServiceToken } from "./types.js";
export type { ServiceAlert, ServiceAlertDetails, ServiceAlertKind, ServiceStatus, ServiceStatusWord } from "./types.js";

/**
 * The operator's account at a provider, as one of your own programs uses it. Nothing is asked until something is called, and there is
 * nothing to close.
 *
 * ```ts
 * import { openService } from "everlit/service";
 *
 * const broker = openService({ url: "https://app.example.com", name: "broker", key: "the key of this caller, from where you keep secrets" });
 * const session = await broker.getValidSession();
 * if (session.token) console.log(session.tokenType, session.expiresIn);
 * else console.log(session.reason, session.retryAfter);
 * ```
 *
 * The token is kept in memory until shortly before its end, so a call costs nothing while there is one. Neither the key nor a token is
 * in a log of the object, in its JSON or in an error.
 */
export function openService(options: ServiceOptions): Service {
  const { name, keys, ...rest } = checked(options);
  const ask = asker(rest);
  const { getValidSession, refresh, forget } = sessions(ask, name, rest.timeout);
  const { onAlert, handleAlert } = receiver(keys, (alert) => {
    if (alert.service === name) forget();
  });
  return Object.freeze<Service>({
    name,
    getValidSession,
    requireSession: required(name, getValidSession),
    refresh,
    getSessionStatus: ({ signal } = {}) => ask("GET", `${name}/status`, undefined, statusOf, signal),
    onAlert,
    handleAlert,
  });
}

const statusOf = ({ status, body }: Answer) => (status === 200 && typeof body.status === "string" ? (camel(body) as ServiceStatus) : undefined);
