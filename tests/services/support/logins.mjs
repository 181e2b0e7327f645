/** A person who logs in at a broker's stand-in: the code that the login gave, and the token that it is exchanged for. */

import { createHash } from "node:crypto";
import { request } from "node:http";

import { signIn } from "../../providers/support/standing.mjs";

export const APP = { breeze: "app+key=1!", kite: "kitekey", upstox: "everlit-demo" };

/** A GET with a body, which no fetch sends. @param {string} url @param {string} body @returns {Promise<any>} */
function getWithBody(url, body) {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method: "GET", headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body) } }, async (answer) => {
      let text = "";
      for await (const chunk of answer) text += chunk;
      resolve(JSON.parse(text));
    });
    asked.on("error", reject).end(body);
  });
}

/** @type {Record<keyof typeof APP, (standIn: { origin: string }, secret: string, redirectUri: string, login?: string) => Promise<{ code: string, token: string }>>} */
export const logIn = {
  async breeze({ origin }, _secret, _redirectUri, login = "ada") {
    const back = await signIn({ origin }, `${origin}/apiuser/login?api_key=${encodeURIComponent(APP.breeze)}`, login);
    const code = back.searchParams.get("apisession") ?? "";
    const details = await getWithBody(`${origin}/breezeapi/api/v1/customerdetails`, JSON.stringify({ SessionToken: code, AppKey: APP.breeze }));
    return { code, token: details.Success.session_token };
  },
  async kite({ origin }, secret, _redirectUri, login = "ada") {
    const back = await signIn({ origin }, `${origin}/connect/login?v=3&api_key=${APP.kite}`, login);
    const code = back.searchParams.get("request_token") ?? "";
    const checksum = createHash("sha256").update(APP.kite + code + secret).digest("hex");
    const body = new URLSearchParams({ api_key: APP.kite, request_token: code, checksum });
    const answer = await (await fetch(`${origin}/session/token`, { method: "POST", body })).json();
    return { code, token: answer.data.access_token };
  },
  async upstox({ origin }, secret, redirectUri, login = "ada") {
    const query = new URLSearchParams({ client_id: APP.upstox, redirect_uri: redirectUri, response_type: "code" });
    const code = (await signIn({ origin }, `${origin}/v2/login/authorization/dialog?${query}`, login)).searchParams.get("code") ?? "";
    const body = new URLSearchParams({ code, client_id: APP.upstox, client_secret: secret, redirect_uri: redirectUri, grant_type: "authorization_code" });
    const answer = await (await fetch(`${origin}/v2/login/authorization/token`, { method: "POST", body })).json();
    return { code, token: answer.access_token };
  },
};
