/** Somebody who is told: takes alerts over HTTP, and believes none whose signature is not right. */

import { createHmac, timingSafeEqual } from "node:crypto";

import { readBody } from "../../servers/http.mjs";
import { listen } from "../../servers/listener.mjs";

/** How far the time of a message may be off, in seconds: what libraries for Standard Webhooks allow. */
const TOLERANCE_S = 300;

/** @typedef {{ id: string, kind: string, data: Record<string, any> }} Alert */

/**
 * @param {Buffer} key
 * @param {() => number} now by the clock that the sender goes by
 * @param {(alert: Alert) => void} heard of each alert, once
 */
export async function startReceiver(key, now, heard) {
  const listener = await listen(0, { what: "receiver of alerts", flag: "nothing" });
  /** @type {Map<string, Alert>} */
  const alerts = new Map();
  /** Why something was not believed. @type {string[]} */
  const refused = [];

  /** @param {import("node:http").IncomingHttpHeaders} headers @param {string} body */
  function believed(headers, body) {
    const [id = "", at = "", signatures = ""] = ["id", "timestamp", "signature"].map((name) => String(headers[`webhook-${name}`] ?? ""));
    const right = createHmac("sha256", key).update(`${id}.${at}.${body}`).digest();
    const isSigned = signatures.split(" ").some((signature) => {
      const given = Buffer.from(signature.replace(/^v1,/, ""), "base64");
      return signature.startsWith("v1,") && given.length === right.length && timingSafeEqual(given, right);
    });
    if (!isSigned) return void refused.push("a signature is wrong");
    if (!(Math.abs(Number(at) - now() / 1_000) <= TOLERANCE_S)) return void refused.push("a message is not of now");
    const { type, data } = JSON.parse(body);
    return { id, kind: String(type).replace("everlit.service.", ""), data };
  }

  listener.serve(async (req, res) => {
    const alert = believed(req.headers, await readBody(req, "application/json", 65_536));
    res.writeHead(alert ? 204 : 401).end();
    // Sent again it is the same one.
    if (!alert || alerts.has(alert.id)) return;
    alerts.set(alert.id, alert);
    heard(alert);
  });

  return {
    url: `${listener.origin}/alerts`,
    /** In the order in which they came. */
    get alerts() {
      return [...alerts.values()];
    },
    refused,
    close: listener.close,
  };
}

/** An alert in one line. @param {Alert} alert */
export function inWords({ kind, data }) {
  const [headline, ...lines] = String(data.text).split("\n");
  return `alert ${kind}: ${headline}. ${lines.join(" ")}`;
}
