/** The two sides of the comparison, each with its sessions. */

import { SESSION_COOKIE, startStack } from "../worker/support/stack.mjs";
import { logIn } from "../worker/support/person.mjs";
import { startPlain } from "./workerd.mjs";

const file = (/** @type {string} */ path) => new URL(path, import.meta.url);

/** @param {import("../worker/support/browser.mjs").Browser} browser @returns {Promise<import("./requests.mjs").Held>} */
export async function holding(browser) {
  const { epoch, generation } = (await browser.call("/auth/session")).json;
  return { cookie: `${SESSION_COOKIE}=${browser.cookie(SESSION_COOKIE)}`, epoch, generation };
}

/** The real Worker, with the demo's authorization server and sessions of real logins. @param {string} upstream @param {number} sessions */
export async function startEverlit(upstream, sessions) {
  const change = (/** @type {any} */ given) => ({ ...given, UPSTREAM_ORDERS: { ...given.UPSTREAM_ORDERS, origin: upstream } });
  const stack = await startStack({ accessTtl: 86_400, change });
  const held = [];
  for (let count = 0; count < sessions; count += 1) {
    const browser = stack.browser();
    await logIn(browser, { login: `user-${count}@example.com` });
    held.push(await holding(browser));
  }
  return { workerd: stack.workerd, held, close: stack.close };
}

/** The Worker in JavaScript. @param {string} upstream @param {number} sessions */
export async function startJavaScript(upstream, sessions) {
  const workerd = await startPlain({
    modules: ["javascript/worker.js", "javascript/keys.js", "javascript/sealed.js", "javascript/headers.js"].map(file),
    variables: { KEY: "a secret", ORIGINS: ["http://localhost"], UPSTREAM_ORDERS: { origin: upstream, path: "/orders", methods: ["GET", "HEAD", "POST"] } },
    objects: { VAULT: "Vault" },
  });
  const body = JSON.stringify({ access: "a".repeat(43), refresh: "r".repeat(43), lifetime: 86_400_000 });
  const held = [];
  for (let count = 0; count < sessions; count += 1) {
    const answer = await fetch(`http://127.0.0.1:${workerd.port}/establish`, { method: "POST", body });
    held.push(/** @type {import("./requests.mjs").Held} */ (await answer.json()));
  }
  return { workerd, held, close: () => workerd.close() };
}

/** Does nothing, in Rust. */
export const startRustFloor = () => startPlain({ modules: ["floor/build/index.js", "floor/build/index_bg.wasm"].map(file) });

/** Does nothing, in JavaScript. */
export const startJavaScriptFloor = () => startPlain({ modules: [file("javascript/nothing.js")] });
