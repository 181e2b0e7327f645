/* Tokens at rest: twelve bytes of nonce, then AES-GCM. */

import { bytesOf, forSealing } from "./keys.js";

const NONCE = 12;

/** @param {string} secret @param {string} text */
export async function seal(secret, text) {
  const iv = crypto.getRandomValues(new Uint8Array(NONCE));
  const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv }, await forSealing(secret), bytesOf(text)));
  const whole = new Uint8Array(NONCE + sealed.length);
  whole.set(iv);
  whole.set(sealed, NONCE);
  return whole;
}

/** @param {string} secret @param {ArrayBuffer} sealed */
export async function open(secret, sealed) {
  const whole = new Uint8Array(sealed);
  const opened = await crypto.subtle.decrypt({ name: "AES-GCM", iv: whole.subarray(0, NONCE) }, await forSealing(secret), whole.subarray(NONCE));
  return new TextDecoder().decode(opened);
}
