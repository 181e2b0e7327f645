// Alerts as `everlit/service` takes them: signed after Standard Webhooks, by a sender that is written here from that text alone.

import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { beforeEach, describe, test } from "node:test";
import { openService } from "everlit/service";
import { KEY, StandIn } from "./support/stand-in.mjs";

const ONE = randomBytes(32);
const TWO = randomBytes(24);
const NOW = () => Math.floor(Date.now() / 1000);
const DATA = { service: "broker", provider: "upstox", title: "Upstox", kind: "human_needed", at: 1_790_000_000_000, text: "Upstox needs you.", reason: "login", push: true };

/** @param {{ id?: string, time?: number | string, key?: Buffer, data?: unknown, type?: string, body?: string, signature?: string }} [what] */
function alert({ id = "msg_1", time = NOW(), key = ONE, data = DATA, type = "everlit.service.human_needed", body = JSON.stringify({ type, timestamp: new Date().toISOString(), data }), signature } = {}) {
  const made = createHmac("sha256", key).update(`${id}.${time}.${body}`).digest("base64");
  return new Request("https://orders.example.com/alerts", { method: "POST", headers: { "webhook-id": id, "webhook-timestamp": `${time}`, "webhook-signature": signature ?? `v1,${made}`, "content-type": "application/json" }, body });
}

const open = (signingKey = `whsec_${ONE.toString("base64")}`, more = {}) => openService({ url: "http://127.0.0.1:9", name: "broker", key: KEY, signingKey, ...more });
/** @type {any[]} */ let heard;
let service = open();
beforeEach(() => {
  heard = [];
  service = open();
  service.onAlert((each) => heard.push(each));
});
const status = async (request, of = service) => (await of.handleAlert(request)).status;

test("an alert is told as it was sent, by its kind, under its id", async () => {
  assert.equal(await status(alert()), 204);
  assert.deepEqual(heard, [{ ...DATA, id: "msg_1" }]);
});

test("its names are one word, and its durations milliseconds", async () => {
  await status(alert({ data: { ...DATA, kind: "expiring_soon", threshold: 1_800, expires_in: 899.5, expires_at: 1_790_000_900_000, login_from: 1_790_001_000_000 } }));
  const { threshold, expiresIn, expiresAt, loginFrom } = heard[0];
  assert.deepEqual([threshold, expiresIn, expiresAt, loginFrom], [1_800_000, 899_500, 1_790_000_900_000, 1_790_001_000_000]);
});

describe("the signature", () => {
  test("is that of the example in Standard Webhooks", async (context) => {
    // https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
    const key = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const body = '{"test": 2432232314}';
    context.mock.method(Date, "now", () => 1_614_265_330_000);
    const headers = { "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330", "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" };
    const post = (text) => new Request("https://orders.example.com/", { method: "POST", headers, body: text });
    // It is signed, and none of ours; with another body it is not signed.
    assert.equal(await status(post(body), open(`whsec_${key}`)), 400);
    assert.equal(await status(post(body), open(key)), 400);
    assert.equal(await status(post(body.replace("4", "5")), open(key)), 401);
  });

  for (const [what, request] of Object.entries({
    "of another key": () => alert({ key: TWO }),
    "of another body": () => alert({ signature: signatureOf(alert({ body: "{}" })) }),
    "of another id": () => alert({ signature: signatureOf(alert({ id: "msg_2" })) }),
    "of another time": () => alert({ signature: signatureOf(alert({ time: NOW() - 1 })) }),
    "that is cut": () => alert({ signature: signatureOf(alert()).slice(0, -4) }),
    "of another version": () => alert({ signature: signatureOf(alert()).replace("v1,", "v1a,") }),
    "that is none": () => alert({ signature: "" }),
    "that moves a dot from the id to the time": () => alert({ id: "msg.1", time: NOW() }),
    "with a time that is none": () => alert({ time: "now" }),
  })) {
    test(`${what} is refused, and nobody hears of it`, async () => {
      assert.equal(await status(request()), 401);
      assert.deepEqual(heard, []);
    });
  }

  test("of either of two keys is taken while a key is renewed, and one of several signatures is enough", async () => {
    const both = open([`whsec_${ONE.toString("base64")}`, TWO.toString("base64")]);
    const forged = `v1,${Buffer.alloc(32).toString("base64")}`;
    assert.equal(await status(alert({ id: "a", key: ONE }), both), 204);
    assert.equal(await status(alert({ id: "b", key: TWO }), both), 204);
    // One text, signed once: another moment would make another.
    const [time, body] = [NOW(), JSON.stringify({ type: "everlit.service.human_needed", timestamp: new Date().toISOString(), data: DATA })];
    assert.equal(await status(alert({ time, body, signature: `${forged} ${signatureOf(alert({ time, body, key: TWO }))}` }), both), 204);
  });
});
function signatureOf(request) {
  return request.headers.get("webhook-signature");
}

describe("the time", () => {
  for (const [away, expected] of [[-290, 204], [290, 204], [-310, 401], [310, 401]]) {
    test(`${away} s from here is answered ${expected}`, async () => {
      assert.equal(await status(alert({ time: NOW() + away })), expected);
      assert.equal(heard.length, expected === 204 ? 1 : 0);
    });
  }
});

describe("the same alert again", () => {
  test("is taken, and told once", async () => {
    const all = await Promise.all(Array.from({ length: 10 }, () => status(alert())));
    all.push(await status(alert({ time: NOW() - 60 })));
    assert.deepEqual([new Set(all), heard.length], [new Set([204]), 1]);
  });

  test("is told again where a listener had failed, at once or later, and only then", async () => {
    let fail = true;
    service.onAlert(async () => {
      await null;
      if (fail) throw new Error("canary: the database is down");
    });
    const answer = await service.handleAlert(alert());
    assert.deepEqual([answer.status, await answer.text()], [500, "a listener failed"]);
    fail = false;
    assert.equal(await status(alert()), 204);
    assert.equal(await status(alert()), 204);
    assert.equal(heard.length, 2);
  });

  test("is known among the last thousand", async () => {
    for (let id = 0; id <= 1_000; id += 1) await status(alert({ id: `n${id}` }));
    assert.equal(heard.length, 1_001);
    await status(alert({ id: "n1000" }));
    await status(alert({ id: "n1" }));
    assert.equal(heard.length, 1_001);
    await status(alert({ id: "n0" }));
    assert.equal(heard.length, 1_002);
  });
});

describe("what is no alert", () => {
  for (const [what, request, expected] of /** @type {[string, () => Request, number][]} */ ([
    ["no JSON", () => alert({ body: "hello" }), 400],
    ["JSON of something else", () => alert({ type: "invoice.paid" }), 400],
    ["no data", () => alert({ data: null }), 400],
    ["null", () => alert({ body: "null" }), 400],
    ["a text that is cut", () => alert({ body: '{"type":"everlit.service.renewed","data":{' }), 400],
    ["much too long", () => alert({ body: JSON.stringify({ type: "everlit.service.renewed", data: { text: "x".repeat(70_000) } }) }), 413],
    ["a GET", () => new Request("https://orders.example.com/alerts"), 405],
    ["nothing", () => new Request("https://orders.example.com/alerts", { method: "POST" }), 401],
  ])) {
    test(`${what} is answered ${expected}, and nobody hears of it`, async () => {
      assert.equal(await status(request()), expected);
      assert.deepEqual(heard, []);
    });
  }

  test("and without a signing key nothing is one, but may be when there is a key", async () => {
    assert.equal(await status(alert(), open([])), 503);
  });
});

describe("who listens", () => {
  test("hears no more when they have had enough, and may listen twice with one function", async () => {
    const times = [];
    const listener = ({ id }) => times.push(id);
    const [one, two] = [service.onAlert(listener), service.onAlert(listener)];
    await status(alert({ id: "a" }));
    one();
    one();
    await status(alert({ id: "b" }));
    two();
    await status(alert({ id: "c" }));
    assert.deepEqual(times, ["a", "a", "b"]);
  });

  test("hears of other services too; what is in memory is forgotten for an alert of its own only", async () => {
    const stand = await StandIn.open();
    try {
      const own = open(undefined, { url: stand.url });
      await own.getValidSession();
      await status(alert({ id: "a", data: { ...DATA, service: "other", kind: "renewed" } }), own);
      await own.getValidSession();
      assert.equal(stand.asked.length, 1);
      stand.token = { ...stand.token, access_token: "second.token", generation: 2 };
      await status(alert({ id: "b", data: { ...DATA, kind: "renewed" } }), own);
      assert.equal((await own.getValidSession()).token, "second.token");
    } finally {
      await stand.close();
    }
  });
});
