/* Which headers pass the proxy: the same ones as through Everlit's. */

const HOP = ["connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"];
const REQUEST = new Set([
  ...HOP, "cookie", "cookie2", "authorization", "dpop", "host", "origin", "referer", "expect", "via", "forwarded", "x-real-ip", "x-client-ip",
  "x-cluster-client-ip", "true-client-ip", "fastly-client-ip", "remote-user", "x-remote-user", "x-user", "x-username", "x-authenticated-user",
  "x-original-url", "x-original-uri", "x-rewrite-url", "x-original-method", "x-http-method", "x-http-method-override", "x-method-override",
]);
const REQUEST_PREFIXES = ["everlit-", "sec-", "x-forwarded-", "x-auth-", "x-authenticated-", "x-remote-", "x-envoy-", "x-ms-client-", "cf-"];
const RESPONSE = new Set([
  ...HOP, "set-cookie", "set-cookie2", "clear-site-data", "service-worker-allowed", "strict-transport-security", "public-key-pins", "expect-ct",
  "alt-svc", "nel", "report-to", "reporting-endpoints", "refresh", "sourcemap", "x-sourcemap", "origin-agent-cluster", "location", "content-location",
]);
const RESPONSE_PREFIXES = ["everlit-", "access-control-", "cf-"];

/** @param {Set<string>} dropped @param {string[]} prefixes */
const filter = (dropped, prefixes) => (/** @type {string} */ name) => !dropped.has(name) && !prefixes.some((prefix) => name.startsWith(prefix));

export const passes = { request: filter(REQUEST, REQUEST_PREFIXES), response: filter(RESPONSE, RESPONSE_PREFIXES) };
