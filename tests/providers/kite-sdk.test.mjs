import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { stoppedClock } from "../servers/stand-ins/clock.mjs";
import { startKite } from "../servers/stand-ins/kite/index.mjs";
import { openSdk, SdkError } from "./support/sdk.mjs";
import { SECRET, signIn } from "./support/standing.mjs";

const KEY = "kitekey";

/** @type {Awaited<ReturnType<typeof startKite>>} */
let kite;
/** @type {Awaited<ReturnType<typeof openSdk>>} */
let sdk;
/** @type {(() => Promise<void>)[]} */
const ends = [];
before(async () => {
  kite = await startKite({ clientSecret: SECRET, renews: true, clock: stoppedClock(Date.parse("2026-10-02T20:00:00+05:30")) });
  ends.push(kite.close);
  sdk = await openSdk({ after: (end) => { ends.push(end); } }, "kite", [kite.origin]);
});
after(() => Promise.all(ends.map((end) => end())));

/** @param {string} method @param {Record<string, unknown>} [given] */
const ask = (method, given = {}) => sdk("ask", { method, ...given });

/** At the address that the SDK says, but at the stand-in. */
async function requestToken() {
  await sdk("new", { api_key: KEY });
  const address = new URL(await ask("login_url"));
  assert.equal(address.origin, "https://kite.zerodha.com");
  const back = await signIn(kite, `${kite.origin}${address.pathname}${address.search}`, "ada");
  return back.searchParams.get("request_token");
}

const logIn = async () => ask("generate_session", { request_token: await requestToken(), api_secret: SECRET });

/** @param {Promise<unknown>} call @param {string} type @param {number} status */
const raised = (call, type, status) => assert.rejects(call, (error) => {
  assert.ok(error instanceof SdkError, String(error));
  assert.deepEqual([error.type, error.status], [type, status]);
  return true;
});

test("its SDK logs in, asks who it is and what it holds, and logs out", async () => {
  const { user_id: user, login_time: at } = await logIn();
  assert.equal(at, "2026-10-02 20:00:00");
  assert.equal((await ask("profile")).user_id, user);
  assert.equal((await ask("holdings"))[0].tradingsymbol, "INFY");
  assert.equal(await ask("invalidate_access_token"), true);
  await raised(ask("profile"), "TokenException", 403);
});

test("its SDK sees its token die at six in the morning, and calls its hook", async () => {
  await logIn();
  const now = kite.clock.now();
  kite.clock.set(Date.parse("2026-10-03T06:00:00+05:30") - 1);
  await ask("profile");
  assert.equal(await sdk("expiries"), 0);
  kite.clock.advance(1);
  await raised(ask("profile"), "TokenException", 403);
  assert.equal(await sdk("expiries"), 1);
  kite.clock.set(now);
});

test("its SDK renews with a refresh token", async () => {
  const { refresh_token: token, access_token: before } = await logIn();
  const renewed = await ask("renew_access_token", { refresh_token: token, api_secret: SECRET });
  assert.notEqual(renewed.access_token, before);
  assert.equal((await ask("profile")).user_id, renewed.user_id);
  await raised(ask("renew_access_token", { refresh_token: token, api_secret: SECRET }), "TokenException", 403);
});

test("its SDK hears of a wrong secret, of a spent token and of a wrong key", async () => {
  const token = await requestToken();
  await raised(ask("generate_session", { request_token: token, api_secret: "wrong" }), "TokenException", 403);
  await ask("generate_session", { request_token: token, api_secret: SECRET });
  await raised(ask("generate_session", { request_token: token, api_secret: SECRET }), "TokenException", 403);
  await sdk("new", { api_key: "other" });
  await raised(ask("generate_session", { request_token: token, api_secret: SECRET }), "InputException", 400);
});

test("its SDK tells a lack of permission from a session that is over", async () => {
  await logIn();
  await raised(sdk("ltp", { instrument: "NSE:INFY" }), "PermissionException", 403);
  assert.equal(await sdk("expiries"), 0);
});

test("its SDK raises what else goes wrong", async () => {
  await logIn();
  for (const [fault, type, status] of /** @type {[import("../servers/stand-ins/faults.mjs").Fault, string, number | null][]} */ ([
    [{ kind: "refusal", name: "NetworkException" }, "NetworkException", 503],
    [{ kind: "refusal", name: "DataException" }, "DataException", 502],
    [{ kind: "refusal", name: "GeneralException" }, "GeneralException", 500],
    [{ kind: "throttled", retryAfter: 1 }, "NetworkException", 429],
    [{ kind: "html", status: 503 }, "DataException", 502],
    [{ kind: "truncated" }, "DataException", 502],
    [{ kind: "lost" }, "ConnectionError", null],
  ])) {
    kite.faults.add(fault);
    await assert.rejects(ask("profile"), (error) => {
      assert.ok(error instanceof SdkError);
      assert.deepEqual([error.type, error.status], [type, status], JSON.stringify(fault));
      return true;
    });
  }
  await ask("profile");
});
