/** What the demo has to know of each provider: when its day ends, how a token of it is shown, and how a person brings the next one. */

import { request } from "node:http";

import { send } from "../../worker/support/browser.mjs";
import { checksumOf } from "../../servers/stand-ins/breeze/checksum.mjs";

/** @typedef {{ origin: string, clientId: string, clientSecret: string, now: () => number }} App how a program of the operator's knows the provider */
/** @typedef {{ ok: boolean, said: string }} Shown whether the provider took a token, and its own words */

/**
 * @typedef {object} Broker
 * @property {string} title
 * @property {[number, number]} cutoff when its tokens end, by the clocks in India
 * @property {string} call what is called with a token, in words
 * @property {(token: string, app: App) => Promise<Shown>} show calls it
 * @property {("login" | "form" | "paste" | "approve")[]} ways how the tokens of the first three days come
 */

/** @param {{ status: number, text: string }} answer @param {boolean} ok @returns {Shown} */
const shown = ({ status, text }, ok) => ({ ok, said: `${status} ${text.slice(0, 200)}` });

/** @type {Record<string, Broker>} */
export const BROKERS = {
  breeze: {
    title: "ICICI Breeze",
    cutoff: [0, 0],
    call: "the funds, by a signed GET with a body",
    show: async (token, { origin, clientId, clientSecret, now }) => {
      const timestamp = `${new Date(now()).toISOString().slice(0, 19)}.000Z`;
      const body = "{}";
      const answer = await getWithBody(`${origin}/breezeapi/api/v1/funds`, body, {
        "X-Checksum": `token ${checksumOf(timestamp, body, clientSecret)}`,
        "X-Timestamp": timestamp,
        "X-AppKey": clientId,
        "X-SessionToken": token,
      });
      // It answers 200 to everything; what counts is in the body.
      return shown(answer, answer.status === 200 && JSON.parse(answer.text).Status === 200);
    },
    ways: ["login", "paste", "form"],
  },
  upstox: {
    title: "Upstox",
    cutoff: [3, 30],
    call: "the profile",
    show: async (token, { origin }) => {
      const answer = await send(`${origin}/v2/user/profile`, { headers: { authorization: `Bearer ${token}`, accept: "application/json" } });
      return shown(answer, answer.status === 200 && answer.json?.status === "success");
    },
    ways: ["login", "approve", "approve"],
  },
  kite: {
    title: "Zerodha Kite",
    cutoff: [6, 0],
    call: "the profile",
    show: async (token, { origin, clientId }) => {
      const answer = await send(`${origin}/user/profile`, { headers: { authorization: `token ${clientId}:${token}`, "x-kite-version": "3" } });
      return shown(answer, answer.status === 200 && answer.json?.status === "success");
    },
    ways: ["login", "paste", "paste"],
  },
};

/**
 * A GET with a body, which no `fetch` sends.
 *
 * @param {string} url @param {string} body @param {Record<string, string>} headers
 * @returns {Promise<{ status: number, text: string }>}
 */
function getWithBody(url, body, headers) {
  return new Promise((resolve, reject) => {
    const about = { "content-type": "application/json", "content-length": String(Buffer.byteLength(body)), connection: "close" };
    const outgoing = request(url, { method: "GET", agent: false, headers: { ...headers, ...about } }, (incoming) => {
      let text = "";
      incoming.setEncoding("utf8").on("data", (chunk) => (text += chunk));
      incoming.on("end", () => resolve({ status: incoming.statusCode ?? 0, text })).on("error", reject);
    });
    outgoing.on("error", reject).end(body);
  });
}
