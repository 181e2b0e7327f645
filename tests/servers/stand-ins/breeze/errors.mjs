/** Breeze's refusals. The status that counts is in the body; which one HTTP has is not known, and can be chosen. */

import { json } from "../wire.mjs";

/**
 * By the text in `Error`: with status 5 there is no `Success` in the body at all. The text of the limit by the minute is a guess.
 *
 * @type {Record<string, 5 | 500>}
 */
const STATUS = {
  "Resource not available.": 500,
  "Invalid session.": 500,
  "Public Key does not exist.": 500,
  "Invalid User Details": 500,
  "Error while calling service, Please contact admin (T2:155)": 500,
  "Historical Data Fail": 500,
  "Authentication Fail :: Invalid Checksum.": 5,
  "Limit exceed: API call per day: ": 5,
  "Limit exceed: API call per minute: ": 5,
};

/** @typedef {keyof typeof STATUS} Refusal */

/** @param {number} httpStatus of every refusal */
export function createRefusals(httpStatus) {
  const refused = (/** @type {string} */ text) => {
    const body = STATUS[text] === 5 ? { Status: 5, Error: text } : { Success: null, Status: STATUS[text] ?? 500, Error: text };
    return json(httpStatus, body);
  };
  return { refused, byName: Object.fromEntries(Object.keys(STATUS).map((text) => [text, () => refused(text)])) };
}

/** @param {unknown} data */
export function success(data) {
  return json(200, { Success: data, Status: 200, Error: null });
}
