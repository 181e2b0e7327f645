/** Upstox's refusals: its codes and texts, and the HTTP status of each. */

import { json } from "../wire.mjs";

/**
 * The texts are the documentation's. Of the statuses only 401 for UDAPI100050 and 429 were seen; for the others its list of what a
 * status means was gone by.
 *
 * @type {Record<string, [status: number, message: string]>}
 */
const CODES = {
  UDAPI10000: [404, "This request is not supported by Upstox API"],
  UDAPI10005: [429, "Too Many Request Sent"],
  UDAPI100015: [400, "API Version does not exist"],
  UDAPI100016: [401, "Invalid Credentials"],
  UDAPI100036: [400, "Invalid Input"],
  UDAPI100038: [400, "Invalid input passed to the API"],
  UDAPI100050: [401, "Invalid token used to access API"],
  UDAPI100057: [401, "Invalid Auth code"],
  UDAPI100058: [403, "No segments for these users are active. Manual reactivation is recommended from Upstox app/web."],
  UDAPI100067: [403, "The API you are trying to access is not permitted with an extended_token"],
  UDAPI100068: [400, "Check your 'client_id' and 'redirect_uri'; one or both are incorrect."],
  UDAPI100069: [401, "Check your 'client_id' and 'client_secret'; one or both are incorrect."],
  UDAPI100072: [423, "The Funds service is accessible from 5:30 AM to 12:00 AM IST daily"],
  UDAPI100073: [401, "Your 'client_id' is inactive."],
  UDAPI1154: [403, "Access to this API is blocked due to static IP restrictions."],
  UDAPI100500: [500, "Something went wrong... please contact us"],
};

/** @param {string} code */
export function refused(code) {
  const [status, message] = CODES[code] ?? [500, code];
  // Everything twice, as it came to be: the snake case is what is left of an older version.
  const error = {
    errorCode: code, message, propertyPath: null, invalidValue: null, error_code: code, property_path: null, invalid_value: null,
  };
  return json(status, { status: "error", errors: [error] });
}

/** All of them by name, for faults. */
export const REFUSALS = Object.fromEntries(Object.keys(CODES).map((code) => [code, () => refused(code)]));

/** @param {unknown} data @param {object} [beside] it */
export function success(data, beside) {
  return json(200, { status: "success", data, ...beside });
}
