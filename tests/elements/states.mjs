// Every state of every element, as a person may meet it. Moments are of the test's clock, which begins at 2026-11-23, 22:01 UTC.

export const NOW = Date.parse("2026-11-23T22:01:00Z");
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** What Breeze asks for, whose day ended half an hour ago. */
export const BREEZE = {
  vault: "service:breeze", provider: "breeze", title: "ICICI Breeze", how: ["popup", "paste"], who: "you", loginUrl: "/service/breeze/login",
  since: NOW - 31 * MINUTE, waiting: 3, open: true, phase: "asking",
};
export const UPSTOX = { ...BREEZE, vault: "service:upstox", provider: "upstox", title: "Upstox", how: ["approval", "popup", "paste"], loginUrl: "/service/upstox/login", waiting: 1 };
export const LOGIN = { vault: "login", provider: "demo", title: "Demo", how: ["popup"], who: "you", waiting: 2, open: true, phase: "asking" };

const problem = (kind, says) => ({ problem: { kind, says } });
/** What `<everlit-reauth>` is about, by the name of its picture. */
export const DIALOGS = {
  asking: BREEZE,
  "asking-paste": { ...BREEZE, how: ["paste"], waiting: 1 },
  "asking-login": LOGIN,
  "asking-redirect": { ...BREEZE, how: ["redirect", "paste"] },
  popup: { ...BREEZE, phase: "popup" },
  blocked: { ...BREEZE, ...problem("popup-blocked", "The browser opened no window. The link opens the login in a tab.") },
  closed: { ...BREEZE, ...problem("popup-closed", "The window was closed before the login was done. Open it again.") },
  offline: { ...BREEZE, ...problem("offline", "There is no connection just now. What you typed is kept; try again in a moment.") },
  refused: { ...BREEZE, ...problem("over", "This token is yesterday's: log in once more and paste the new one.") },
  unproven: { ...BREEZE, ...problem("unproven", "ICICI Breeze does not answer just now. The token is kept, and looked at again by itself.") },
  updating: { ...BREEZE, phase: "updating" },
  push: UPSTOX,
  approval: { ...UPSTOX, phase: "approval", deadline: NOW + 4 * MINUTE + 32_000 },
  "approval-over": { ...UPSTOX, ...problem("approval-over", "Nobody answered on the phone in time.") },
  early: { ...BREEZE, loginFrom: NOW + 9 * MINUTE },
  operator: { ...BREEZE, who: "operator", how: [], waiting: 3 },
  unknown: { ...BREEZE, how: [], title: "ICICI Breeze", since: undefined },
  done: { ...BREEZE, phase: "done", waiting: 0 },
};

const status = (more) => ({
  service: "breeze", provider: "breeze", title: "ICICI Breeze", status: "active", valid: true, expires_at: NOW + 5 * HOUR + 12 * MINUTE, need: null, login_from: null, push_until: null,
  warn_at: [1_800], on_fallback: null, how: ["popup", "paste"], login_url: "/service/breeze/login", who: "you", server_time: NOW, ...more,
});
/** What the Worker says of a service, by the name of the picture of its badge. */
export const STATUSES = {
  good: status({}),
  soon: status({ expires_at: NOW + 2 * HOUR + 5 * MINUTE }),
  urgent: status({ expires_at: NOW + 42 * MINUTE }),
  over: status({ valid: false, expires_at: null, need: { since: NOW - 31 * MINUTE, reason: "expired" } }),
  renewing: status({ valid: false, expires_at: null }),
};
/** The same for its banner. */
export const EXPIRING = status({ expires_at: NOW + 25 * MINUTE });
export const EARLY = status({ expires_at: NOW + 25 * MINUTE, login_from: NOW + 25 * MINUTE });
export const OPERATOR = { ...STATUSES.over, who: "operator", how: [] };
