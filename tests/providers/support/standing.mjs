/** What the tests of every stand-in need: one that is gone with the test, and a person who signs in at it. */

import { Browser } from "../../servers/support/browser.mjs";

export const SECRET = "s3cr3t";

/**
 * @template T
 * @param {{ after: (end: () => Promise<void>) => void }} t
 * @param {Promise<T & { close: () => Promise<void> }>} starting
 */
export async function standing(t, starting) {
  const standIn = await starting;
  t.after(() => standIn.close());
  return standIn;
}

/**
 * Signs in as a person would.
 *
 * @param {{ origin: string }} standIn
 * @param {string} address of the login
 * @param {string} login
 * @returns {Promise<URL>} where the person was sent back to
 */
export async function signIn(standIn, address, login) {
  const { page } = await new Browser(standIn.origin).authorize(address, login);
  return page.url;
}

/** @param {Response} response */
export async function read(response) {
  const text = await response.text();
  try {
    return { status: response.status, headers: response.headers, text, body: JSON.parse(text) };
  } catch {
    return { status: response.status, headers: response.headers, text, body: undefined };
  }
}
