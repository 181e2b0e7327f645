/**
 * What the servers saw, counted where it happens.
 *
 * The demo's promise ("as many token requests as rotations") is checked against these numbers and
 * not against the client's own: a client that asked twice would hardly report it.
 */

/**
 * @typedef {object} Counters
 * @property {number} code_grants token requests with grant_type=authorization_code, also refused ones
 * @property {number} refresh_grants token requests with grant_type=refresh_token, also refused ones
 * @property {number} refresh_errors those of `refresh_grants` that were refused
 * @property {number} reuse_detected a refresh token was presented again and its grant was revoked for it
 * @property {number} revocations revocation requests that were answered with 200 (RFC 7009)
 * @property {number} resource_calls requests for the protected resource, whatever the answer
 * @property {number} resource_401 those of `resource_calls` that were answered with 401
 */

/** @returns {Counters} all zero, for one start of the servers */
export function createCounters() {
  return {
    code_grants: 0,
    refresh_grants: 0,
    refresh_errors: 0,
    reuse_detected: 0,
    revocations: 0,
    resource_calls: 0,
    resource_401: 0,
  };
}
