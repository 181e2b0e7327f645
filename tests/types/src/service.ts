// What `everlit/service` promises to a compiler.

import { type Service, ServiceError, type ServiceErrorCode, isServiceError, openService } from "everlit/service";

const service: Service = openService({ url: "https://app.example.com", name: "broker", key: "k", signingKey: ["a", "b"], timeout: 5_000, fetch });

const session = await service.getValidSession({ readsOnly: true, signal: AbortSignal.timeout(1_000) });
if (session.token === null) {
  const wait: number = session.retryAfter;
  const { reason } = session;
  switch (reason) {
    case "renewing":
    case "unavailable":
    case "needs_human":
    case "needs_operator":
    case "caller_limited":
      break;
    default: {
      const never: never = reason;
      void never;
    }
  }
  // @ts-expect-error there is no generation of none
  session.generation.toFixed();
  void wait;
} else {
  const [token, expiresAt, generation]: [string, number | null, number] = [session.token, session.expiresAt, session.generation];
  const none: undefined = session.reason;
  void [token, expiresAt, generation, none, await service.refresh({ holds: session })];
}
// By what everybody writes.
if (session.token) session.token.length;
else String(session.reason);
if (session.reason) session.retryAfter.toFixed();
else session.tokenType.length;

// @ts-expect-error a none is not held
await service.refresh({ holds: { token: null, reason: "renewing", retryAfter: 1 } });
// @ts-expect-error there is no such option
openService({ url: "https://app.example.com", name: "broker", key: "k", baseUrl: "x" });
// @ts-expect-error a key is wanted
openService({ url: "https://app.example.com", name: "broker" });

const { status, automatic } = await service.getSessionStatus();
const word: "active" | "expiring" | "needs_refresh" | "needs_human" | "expired" = status;
void [word, automatic.why];

const stop: () => void = service.onAlert((alert) => {
  const [id, of, at]: [string, string, number] = [alert.id, alert.service, alert.at];
  if (alert.kind === "expiring_soon") alert.expiresAt.toFixed();
  else if (alert.kind === "human_needed") void alert.push;
  // @ts-expect-error a kind that there is not
  else if (alert.kind === "exploded") void 0;
  void [id, of, at];
});
stop();
const answer: Promise<Response> = service.handleAlert(new Request("https://orders.example.com/alerts"));
void answer;

try {
  await service.refresh();
} catch (caught) {
  if (isServiceError(caught)) {
    const code: ServiceErrorCode = caught.code;
    void [code, caught.retryAfter, caught instanceof ServiceError];
  }
}
