/** Supabase Auth's refusals, in both forms: the one before its API had versions, and that of 2024-01-01, for whoever asks for it. */

import { json } from "../wire.mjs";

const VERSION = "2024-01-01";

/** @type {Record<string, [status: number, message: string]>} */
const CODES = {
  bad_code_verifier: [400, "code challenge does not match previously saved code verifier"],
  bad_jwt: [403, "invalid JWT: unable to parse or verify signature"],
  conflict: [409, "Too many concurrent token refresh requests on the same session or refresh token"],
  flow_state_not_found: [404, "invalid flow state, no valid flow state found"],
  invalid_credentials: [400, "Invalid login credentials"],
  no_authorization: [401, "This endpoint requires a valid Bearer token"],
  otp_expired: [403, "Token has expired or is invalid"],
  over_request_rate_limit: [429, "Request rate limit reached"],
  refresh_token_already_used: [400, "Invalid Refresh Token: Already Used"],
  refresh_token_not_found: [400, "Invalid Refresh Token: Refresh Token Not Found"],
  request_timeout: [504, "Processing this request timed out, please retry after a moment."],
  session_expired: [400, "Invalid Refresh Token: Session Expired"],
  session_not_found: [403, "Session from session_id claim in JWT does not exist"],
  unexpected_failure: [500, "Internal Server Error"],
  user_banned: [400, "Invalid Refresh Token: User Banned"],
  validation_failed: [400, "Invalid Refresh Token: Not Issued By This Server"],
};

/** @param {import("../wire.mjs").Call} call @param {string} code @param {{ message?: string, headers?: Record<string, string> }} [more] */
export function refused(call, code, { message, headers = {} } = {}) {
  const [status, usual] = CODES[code] ?? [500, code];
  const text = message ?? usual;
  const id = status >= 500 ? { error_id: "00000000-0000-4000-8000-000000000000" } : {};
  const asked = String(call.headers["x-supabase-api-version"] ?? "");
  const isNew = asked >= VERSION;
  const body = isNew ? { code, message: text } : { code: status, error_code: code, msg: text, ...id };
  return json(status, body, { "x-sb-error-code": code, ...(isNew && { "x-supabase-api-version": VERSION }), ...headers });
}

/** @type {Record<string, (call: import("../wire.mjs").Call) => import("../wire.mjs").Answer>} */
export const REFUSALS = Object.fromEntries(Object.keys(CODES).map((code) => [code, (call) => refused(call, code)]));
