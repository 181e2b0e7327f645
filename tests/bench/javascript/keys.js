/* Keys, imported once in the life of the isolate, and base64url. */

const encoder = new TextEncoder();

/** @param {string} text */
export const bytesOf = (text) => encoder.encode(text);

/** @param {Uint8Array} bytes */
export const textOf = (bytes) => btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

/** @param {string} secret @param {string} label */
const digest = (secret, label) => crypto.subtle.digest("SHA-256", bytesOf(`${label} ${secret}`));

/** @type {undefined | Promise<CryptoKey>} */ let cookieKey;
/** @type {undefined | Promise<CryptoKey>} */ let sealingKey;

/** The key that cookies are signed with. @param {string} secret */
const forCookies = (secret) =>
  (cookieKey ??= digest(secret, "cookie").then((raw) => crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, ["sign"])));

/** The key that tokens are sealed with. @param {string} secret */
export const forSealing = (secret) =>
  (sealingKey ??= digest(secret, "seal").then((raw) => crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"])));

/** @param {string} secret @param {string} text */
export async function hmac(secret, text) {
  return new Uint8Array(await crypto.subtle.sign("HMAC", await forCookies(secret), bytesOf(text)));
}
