/** Silent re-login as a tab asks for it, and what it hears of its end. */

import { randomBytes } from "node:crypto";

/** @typedef {"frame" | "popup" | "redirect"} Way */
/** @typedef {import("./browser.mjs").Browser} Browser */

/** What a browser says of itself where such a page is loaded. @param {Way} via @returns {Record<string, string>} */
export const where = (via) => (via === "frame" ? { "sec-fetch-dest": "iframe", "upgrade-insecure-requests": "1" } : {});

/**
 * Asks for it.
 *
 * @param {Browser} browser @param {Way} via
 * @param {{ relogin?: string, returnTo?: string, site?: import("./browser.mjs").Site, headers?: Record<string, string> }} [options]
 */
export async function ask(browser, via, { relogin = randomBytes(8).toString("hex"), returnTo = "/orders", site = "same-origin", headers = {} } = {}) {
  const query = new URLSearchParams({ prompt: "none", via, return_to: returnTo, ...(via !== "redirect" && { relogin }) });
  const answer = await browser.navigate(`/auth/login?${query}`, { site, headers: { ...where(via), ...headers } });
  return { answer, relogin };
}

/** @param {import("node:http").IncomingHttpHeaders} headers */
export const policy = (headers) => String(headers["content-security-policy"]);

/** What the page at the end says to the tab, and under which policy it stands; nothing if it is no such page. @param {import("./browser.mjs").Answer} answer */
export function told({ text, headers }) {
  const said = /<script data-relogin="([^"]*)" data-outcome="([^"]*)" data-via="([^"]*)">/.exec(text);
  if (!said) return undefined;
  const [, relogin, outcome, via] = said;
  const ancestors = /frame-ancestors ([^;]*)/.exec(policy(headers))?.[1];
  return { relogin, outcome, via, ancestors, options: headers["x-frame-options"] };
}

/** Where a page of ours leads back to by itself. @param {import("./browser.mjs").Answer} answer */
export const ledTo = ({ text }) => /<a id="go" href="([^"]*)">/.exec(text)?.[1];
