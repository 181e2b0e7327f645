/** Alerts on their way: to programs, to a chat tool and to a mail API, each a receiver of the test's own that refuses, is away, and takes. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";

import { Webhook } from "standardwebhooks";

import { until } from "../worker/support/until.mjs";
import { receiver } from "./support/receiver.mjs";
import { MINUTE, india, stack } from "./support/stack.mjs";

const SIGNING_KEY = `whsec_${randomBytes(32).toString("base64")}`;
const API_KEY = `re_${randomBytes(18).toString("hex")}`;

/** Everything that was sent, with each name once. @param {import("./support/receiver.mjs").Post[]} posts */
const names = (posts) => [...new Set(posts.map(({ headers }) => headers["webhook-id"]))];

test("each receiver is told in its own way, once for each cause, and of a whole day in its order", async (t) => {
  const [program, chat, mail] = await Promise.all([receiver(t), receiver(t), receiver(t)]);
  const page = "https://ops.example/accounts";
  const on = await stack(t, "breeze", {
    more: { page },
    variables: {
      ORIGINS: ["https://app.example", "https://ops.example"],
      ALERT_OPS: { url: program.url },
      SECRET_ALERT_OPS_SIGNING_KEY: SIGNING_KEY,
      ALERT_CHAT: { format: "chat" },
      SECRET_ALERT_CHAT_URL: chat.url,
      ALERT_MAIL: { url: mail.url, format: "mail", from: "Everlit <alerts@example.com>", to: ["ops@example.com"], kinds: ["human_needed"] },
      SECRET_ALERT_MAIL_API_KEY: API_KEY,
    },
  });
  await on.services.status("breeze");
  await until("the first call for a person", () => program.posts.length >= 1 && chat.posts.length >= 1 && mail.posts.length >= 1);
  await on.accepted();
  await on.go(india("00:00", 1) - 20 * MINUTE);
  await on.services.status("breeze");
  await until("the warning", () => program.about("expiring_soon").length >= 1);
  await on.go(india("00:00", 1));
  await on.services.status("breeze");
  await until("the second call for a person", () => program.about("human_needed").length >= 2);
  await on.accepted();
  await until("the end of it", () => program.about("human_answered").length >= 2);

  assert.deepEqual(program.kinds(), ["human_needed", "human_answered", "expiring_soon", "human_needed", "human_answered"]);
  assert.equal(names(program.posts).length, 5);
  for (const { text, headers, json } of program.posts) {
    // An independent library takes it; its clock is the machine's, and the Worker's is ahead.
    const webhook = new Webhook(SIGNING_KEY);
    const signed = webhook.sign(headers["webhook-id"] ?? "", new Date(Number(headers["webhook-timestamp"]) * 1_000), text);
    assert.equal(headers["webhook-signature"], signed);
    assert.deepEqual([json.data.service, json.data.provider], ["breeze", "breeze"]);
    assert.ok(json.data.text.length > 20);
  }
  const warning = program.about("expiring_soon")[0]?.json.data;
  assert.equal(warning.login_from, india("00:00", 1), "a login before that would bring a token that ends with this one");
  assert.match(warning.text, /00:00 \(IST\)/);

  assert.equal(chat.posts.length, 5);
  for (const { json, headers } of chat.posts) {
    assert.ok(typeof json.text === "string" && Array.isArray(json.blocks));
    assert.equal(headers["webhook-signature"], undefined);
  }
  assert.equal(mail.posts.length, 2, "of the kinds that it wants to know, and no other");
  for (const { json, headers } of mail.posts) {
    assert.equal(headers.authorization, `Bearer ${API_KEY}`);
    assert.deepEqual([json.from, json.to], ["Everlit <alerts@example.com>", ["ops@example.com"]]);
    assert.ok(json.subject.length > 10 && json.text.length > 20 && headers["idempotency-key"]);
  }
  // Who is to act is shown where, and nobody else; before the cutoff a login would not help.
  assert.deepEqual(program.posts.map(({ json }) => json.data.link), [page, undefined, undefined, page, undefined]);
  assert.deepEqual(chat.posts.map(({ json }) => json.blocks[2]?.text.text), [`Open: <${page}>`, undefined, undefined, `Open: <${page}>`, undefined]);
  for (const { json } of mail.posts) assert.ok(json.text.includes(`\nOpen: ${page}\n`), json.text);
  for (const secret of [SIGNING_KEY.slice(6), API_KEY, chat.url]) assert.ok(!on.services.output.includes(secret));
});

test("who is away is told later under the same name, and the others not again", async (t) => {
  const [away, there] = await Promise.all([receiver(t), receiver(t)]);
  away.say(503, { status: 429, headers: { "retry-after": "5" } }, 200);
  const on = await stack(t, "kite", {
    variables: {
      ALERT_AWAY: { url: away.url },
      SECRET_ALERT_AWAY_SIGNING_KEY: SIGNING_KEY,
      ALERT_THERE: { url: there.url },
      SECRET_ALERT_THERE_SIGNING_KEY: SIGNING_KEY,
    },
  });
  await on.services.status("kite");
  await until("the first try", () => away.posts.length === 1 && there.posts.length === 1);
  for (const tries of [2, 3]) {
    await until(`try ${tries}`, async () => {
      await on.pass(MINUTE);
      await on.services.status("kite");
      return away.posts.length >= tries;
    });
  }
  await until("that nothing waits", async () => (await on.services.status("kite")).alerts_waiting === 0);
  for (let minute = 0; minute < 5; minute += 1) {
    await on.pass(MINUTE);
    await on.services.status("kite");
  }
  assert.deepEqual([away.posts.length, there.posts.length], [3, 1]);
  assert.equal(names([...away.posts, ...there.posts]).length, 1);
  assert.equal(there.posts[0]?.json.data.link, `${on.services.origin}/`, "the app's first page, where no other is named");
  const outcomes = on.services.log.filter(({ event }) => event === "alert").map(({ receiver: who, outcome }) => `${who} ${outcome}`);
  assert.deepEqual(outcomes.sort(), ["away later", "away later", "away taken", "there taken"]);
});

test("what a receiver refuses for good is not sent again, and what one has not taken survives a restart, with who has", async (t) => {
  const [refuses, away, there] = await Promise.all([receiver(t), receiver(t), receiver(t)]);
  refuses.say(410);
  away.say(500);
  const on = await stack(t, "upstox", {
    variables: {
      ALERT_AWAY: { url: away.url },
      SECRET_ALERT_AWAY_SIGNING_KEY: SIGNING_KEY,
      ALERT_REFUSES: { url: refuses.url },
      SECRET_ALERT_REFUSES_SIGNING_KEY: SIGNING_KEY,
      ALERT_THERE: { format: "chat" },
      SECRET_ALERT_THERE_URL: there.url,
    },
  });
  await on.services.status("upstox");
  await until("all tries", () => refuses.posts.length === 1 && away.posts.length === 1 && there.posts.length === 1);
  // It is written down who has taken it before anything else is.
  await until("that it is kept", async () => (await on.services.object("VAULT", "upstox", "names")).some((/** @type {any} */ { name }) => name === "told"));
  await on.services.restart();
  away.say(200);
  await until("that it is told", async () => {
    await on.pass(MINUTE);
    await on.services.status("upstox");
    return away.posts.length === 2;
  });
  await until("that nothing waits", async () => (await on.services.status("upstox")).alerts_waiting === 0);
  assert.equal(names(away.posts).length, 1);
  assert.deepEqual([refuses.posts.length, there.posts.length], [1, 1], "a chat tool knows no names: it would be told twice");
});
