// What a backend says where only a person can go on, so that the page that asked can wait for them.

import { ServiceError, isServiceError } from "./error.js";
import type { Get } from "./get.js";
import type { Service, ServiceToken } from "./types.js";

/** The problem document that `session.fetch` of `everlit` waits with. All else the page asks the Worker itself. */
function problemOf(error: unknown): { readonly [member: string]: unknown } | undefined {
  if (!isServiceError(error) || error.code !== "ERR_SERVICE_REAUTH") return undefined;
  const { service, since } = error;
  return {
    type: "urn:everlit:problem:reauth_required",
    title: "Only a person can go on here.",
    status: 409,
    code: "reauth_required",
    vault: `service:${service}`,
    reason: "needs_human",
    ...(since !== undefined && { since }),
    server_time: Date.now(),
  };
}

const HEADERS = { "content-type": "application/problem+json", "cache-control": "no-store" };

/**
 * The answer (409 `reauth_required`) to a request that failed because only a person can bring a token; nothing for any other error.
 *
 * ```ts
 * import { openService, reauthRequired } from "everlit/service";
 *
 * const broker = openService({ url: "https://app.example.com", name: "broker", key: "the key of this caller, from where you keep secrets" });
 *
 * export async function quotes(): Promise<Response> {
 *   try {
 *     const { token } = await broker.requireSession();
 *     return new Response(`${token.length} characters`);
 *   } catch (error) {
 *     return reauthRequired(error) ?? new Response("try later", { status: 502 });
 *   }
 * }
 * ```
 *
 * A page waits with it where it calls with `passthrough`, from the page's own origin or one of `reauthOrigins`. No token and no key is in it.
 */
export function reauthRequired(error: unknown): Response | undefined {
  const problem = problemOf(error);
  return problem && new Response(JSON.stringify(problem), { status: 409, headers: HEADERS });
}

/** What it needs of a response of Express. */
interface Outgoing {
  readonly headersSent: boolean;
  status(code: number): this;
  set(headers: { readonly [name: string]: string }): this;
  send(body: string): unknown;
}

/**
 * The same as an error middleware of Express, once for all routes: `app.use(reauthErrors())` after them. Express 5 hands it what an `async` route
 * throws; in Express 4 a route has to call `next(error)`.
 */
export const reauthErrors =
  () =>
  (error: unknown, _request: unknown, response: Outgoing, next: (error?: unknown) => void): void => {
    const problem = problemOf(error);
    if (!problem || response.headersSent) next(error);
    else response.status(409).set(HEADERS).send(JSON.stringify(problem));
  };

/** `requireSession` of a service. */
export const required =
  (name: string, getValidSession: Get): Service["requireSession"] =>
  async (options): Promise<ServiceToken> => {
    const session = await getValidSession(options, true);
    if (session.token !== null) return session;
    const { reason, retryAfter, since } = session;
    if (reason === "needs_human") throw new ServiceError("ERR_SERVICE_REAUTH", `only a person can bring a token of ${name}`, { retryAfter, since, service: name });
    throw new ServiceError("ERR_SERVICE_UNAVAILABLE", `there is no token of ${name} just now: ${reason}`, { retryAfter });
  };
