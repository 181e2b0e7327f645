/** Kite's refusals: the kind of exception by name, which its SDK raises, and the HTTP status that goes with it. */

import { json } from "../wire.mjs";

/** @type {Record<string, number>} */
const STATUS = {
  TokenException: 403, PermissionException: 403, InputException: 400, OrderException: 500, GeneralException: 500, DataException: 502, NetworkException: 503,
};

/** @param {string} kind @param {string} message @param {number} [status] */
export function refused(kind, message, status = STATUS[kind] ?? 500) {
  return json(status, { status: "error", message, data: null, error_type: kind });
}

/** An access token that is over, never was, or belongs to another app: one answer for all. */
export const badToken = () => refused("TokenException", "Incorrect `api_key` or `access_token`.");

/** @type {Record<string, () => import("../wire.mjs").Answer>} */
export const REFUSALS = {
  TokenException: badToken,
  PermissionException: () => refused("PermissionException", "Insufficient permission for that call."),
  InputException: () => refused("InputException", "Invalid input."),
  GeneralException: () => refused("GeneralException", "Something went wrong."),
  DataException: () => refused("DataException", "Unknown response from the order management system."),
  NetworkException: () => refused("NetworkException", "The gateway timed out. Please try again later."),
};

/** @param {unknown} data */
export function success(data) {
  return json(200, { status: "success", data });
}
