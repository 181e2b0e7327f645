/** What holds unless it is said otherwise; the same for the command line and for `startServers`. */

export const DEFAULTS = Object.freeze({
  clientId: "everlit-demo",
  redirectUris: Object.freeze(["http://localhost:8787/auth/callback/demo"]),
  /** In seconds. */
  accessTtl: 60,
});
