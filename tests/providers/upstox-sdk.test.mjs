import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { stoppedClock } from "../servers/stand-ins/clock.mjs";
import { startUpstox } from "../servers/stand-ins/upstox/index.mjs";
import { openSdk, SdkError } from "./support/sdk.mjs";
import { SECRET, signIn } from "./support/standing.mjs";

const CLIENT = "everlit-demo";
const REDIRECT = "http://localhost:8787/auth/callback/upstox";

/** @type {Awaited<ReturnType<typeof startUpstox>>} */
let upstox;
/** @type {Awaited<ReturnType<typeof openSdk>>} */
let sdk;
/** @type {(() => Promise<void>)[]} */
const ends = [];
before(async () => {
  upstox = await startUpstox({ clientSecret: SECRET, clock: stoppedClock(Date.parse("2026-10-02T20:00:00+05:30")), notifierUrl: "http://127.0.0.1:1/" });
  ends.push(upstox.close);
  sdk = await openSdk({ after: (end) => ends.push(end) }, "upstox", [upstox.origin]);
});
after(() => Promise.all(ends.map((end) => end())));

async function logIn() {
  const dialog = `${upstox.origin}/v2/login/authorization/dialog?${new URLSearchParams({ client_id: CLIENT, redirect_uri: REDIRECT, response_type: "code" })}`;
  const code = (await signIn(upstox, dialog, "ada")).searchParams.get("code");
  return sdk("token", { code, client_id: CLIENT, client_secret: SECRET, redirect_uri: REDIRECT, grant_type: "authorization_code" });
}

/** @param {Promise<unknown>} call @param {number} status @param {string} code */
const refused = (call, status, code) => assert.rejects(call, (error) => {
  assert.ok(error instanceof SdkError, String(error));
  assert.deepEqual([error.type, error.status, error.wire.errors[0].errorCode], ["ApiException", status, code]);
  return true;
});

test("its SDK logs in, asks who it is and what it holds, and logs out", async () => {
  const { access_token: token, user_id: user, extended_token: extended } = await logIn();
  const profile = await sdk("profile", { access_token: token });
  assert.deepEqual([profile.status, profile.data.user_id, profile.data.is_active], ["success", user, true]);
  const holdings = await sdk("holdings", { access_token: token });
  assert.equal(holdings.data[0].trading_symbol, "YESBANK");
  assert.deepEqual((await sdk("holdings", { access_token: extended })).data, holdings.data);
  assert.equal((await sdk("funds", { access_token: token })).status, "success");
  assert.deepEqual(await sdk("logout", { access_token: token }), { status: "success", data: true });
  await refused(sdk("profile", { access_token: token }), 401, "UDAPI100050");
  await refused(sdk("profile", { access_token: extended }), 403, "UDAPI100067");
});

test("its SDK reaches the login page without a response type, and is told of a wrong client", async () => {
  assert.equal(await sdk("authorize", { client_id: CLIENT, redirect_uri: REDIRECT, state: "s" }), 200);
  await refused(sdk("authorize", { client_id: "other", redirect_uri: REDIRECT, state: "s" }), 400, "UDAPI100068");
});

test("its SDK is told that a code is spent", async () => {
  const wrong = { code: "mk404x", client_id: CLIENT, client_secret: SECRET, redirect_uri: REDIRECT, grant_type: "authorization_code" };
  await refused(sdk("token", wrong), 401, "UDAPI100057");
});

test("its SDK sees a token die at half past three", async () => {
  const { access_token: token } = await logIn();
  const now = upstox.clock.now();
  upstox.clock.set(1790978400000 - 1);
  assert.equal((await sdk("profile", { access_token: token })).status, "success");
  upstox.clock.set(1790978400000);
  await refused(sdk("profile", { access_token: token }), 401, "UDAPI100050");
  upstox.clock.set(now);
});

test("its SDK asks for a token that a person approves, and reads the time as text", async () => {
  const asked = await sdk("request_token", { client_id: CLIENT, client_secret: SECRET });
  assert.deepEqual(asked, { status: "success", data: { authorization_expiry: "1790978400000", notifier_url: "http://127.0.0.1:1/" } });
  await refused(sdk("request_token", { client_id: CLIENT, client_secret: "wrong" }), 401, "UDAPI100069");
});

test("its SDK changes the static address, and is out", async () => {
  const { access_token: token } = await logIn();
  assert.equal((await sdk("update_ip", { access_token: token, primary_ip: "192.0.2.7" })).data.access_tokens_invalidated, true);
  await refused(sdk("profile", { access_token: token }), 401, "UDAPI100050");
});

test("its SDK raises whatever goes wrong, in the form that it goes wrong in", async () => {
  const { access_token: token } = await logIn();
  upstox.faults.add({ kind: "refusal", name: "UDAPI100500" });
  await refused(sdk("profile", { access_token: token }), 500, "UDAPI100500");
  upstox.faults.add({ kind: "throttled" });
  await refused(sdk("profile", { access_token: token }), 429, "UDAPI10005");
  upstox.faults.add({ kind: "html", status: 403 });
  await assert.rejects(sdk("profile", { access_token: token }), (error) => error instanceof SdkError && error.status === 403 && /<html>/.test(error.body ?? ""));
});

test("its SDK waits by itself as it is told, and asks again", async () => {
  const { access_token: token } = await logIn();
  for (const as of /** @type {const} */ (["seconds", "date"])) {
    const asked = upstox.counters()["GET /v2/user/profile"] ?? 0;
    upstox.faults.add({ kind: "throttled", retryAfter: 1, as });
    assert.equal((await sdk("profile", { access_token: token })).status, "success", as);
    assert.equal(upstox.counters()["GET /v2/user/profile"], asked + 2, as);
  }
});
