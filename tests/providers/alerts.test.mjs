/**
 * The alerts of `crates/edge` as a receiver sees them: `crates/edge/tests/alerts/posts.json` holds a request of every kind in every format,
 * written by its test. The signatures are verified by the library that Standard Webhooks publishes.
 */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { Webhook, WebhookVerificationError } from "standardwebhooks";

/** @typedef {{ kind: string, format: string, headers: Record<string, string>, body: any }} Post */

const FILE = new URL("../../crates/edge/tests/alerts/posts.json", import.meta.url);
/** @type {{ signing_key: string, posts: Post[] }} */
const { signing_key: KEY, posts } = JSON.parse(await readFile(FILE, "utf8"));
const KINDS = ["expiring_soon", "renewal_failed", "failed_repeatedly", "on_fallback", "renewed", "human_needed", "human_answered"];
const README = new URL("../../crates/edge/src/alert/README.md", import.meta.url);
/** What each kind says besides what all say, as its README tells receivers. */
const MEMBERS = new Map([...(await readFile(README, "utf8")).matchAll(/^\| `(\w+)` \| .* \| ([^|]+) \|$/gm)].map(([, kind = "", members = ""]) => [
  kind, [...members.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name),
]));

/** @param {string} format */
const of = (format) => posts.filter((post) => post.format === format);

/** The clock as it was when the request was made. @param {import("node:test").TestContext} t @param {Post} post @param {number} [late] */
function arrive(t, post, late = 0) {
  t.mock.timers.reset();
  t.mock.timers.enable({ apis: ["Date"], now: (Number(post.headers["webhook-timestamp"]) + late) * 1_000 });
}

const refused = { name: WebhookVerificationError.name };

test("every kind is there in every format", () => {
  assert.deepEqual([...MEMBERS.keys()], KINDS);
  for (const format of ["json", "chat", "mail"]) assert.deepEqual(of(format).map((post) => post.kind), KINDS, format);
});

test("an independent library takes the signature of every kind", (t) => {
  for (const post of of("json")) {
    for (const [late, key] of /** @type {[number, string][]} */ ([[0, KEY], [299, KEY], [0, KEY.replace("whsec_", "")]])) {
      arrive(t, post, late);
      const told = /** @type {any} */ (new Webhook(key).verify(post.body, post.headers));
      assert.equal(told.type, `everlit.service.${post.kind}`);
      assert.equal(told.timestamp, new Date(told.data.at).toISOString().replace(".000Z", "Z"));
      const all = ["at", "kind", "provider", "service", "text", "title", ...(MEMBERS.get(post.kind) ?? [])];
      assert.deepEqual(Object.keys(told.data).filter((name) => name !== "link").sort(), all.sort(), post.kind);
    }
  }
});

test("it takes nothing that was changed, is old, or was signed by another", (t) => {
  for (const post of of("json")) {
    arrive(t, post);
    const webhook = new Webhook(KEY);
    const other = new Webhook(KEY.replace("YSBz", "YSBy"));
    const changed = post.body.replace("orders", "Orders");
    assert.notEqual(changed, post.body);
    assert.throws(() => webhook.verify(changed, post.headers), refused);
    assert.throws(() => webhook.verify(post.body, { ...post.headers, "webhook-id": `${post.headers["webhook-id"]}x` }), refused);
    const later = String(Number(post.headers["webhook-timestamp"]) + 1);
    assert.throws(() => webhook.verify(post.body, { ...post.headers, "webhook-timestamp": later }), refused);
    assert.throws(() => other.verify(post.body, post.headers), refused);
    arrive(t, post, 301);
    assert.throws(() => webhook.verify(post.body, post.headers), refused);
  }
});

test("a chat tool gets a text that says it all, and blocks for those that show them", () => {
  for (const { body, kind } of of("chat")) {
    const [header, section, link] = body.blocks;
    assert.deepEqual([header.type, header.text.type, section.type, section.text.type], ["header", "plain_text", "section", "plain_text"], kind);
    const address = link === undefined ? [] : [link.text.text.replace(/^Open: <([^|>]+)>$/, "Open: $1")];
    assert.equal(body.text, [header.text.text, section.text.text, ...address].join("\n"), kind);
  }
});

test("a mail API gets the common shape, and a key by which it knows a mail that is sent again", () => {
  for (const { headers, body } of of("mail")) {
    assert.deepEqual(Object.keys(body).sort(), ["from", "subject", "text", "to"]);
    assert.equal(body.to.length, 2);
    assert.match(String(headers.authorization), /^Bearer \S+$/);
    assert.match(String(headers["idempotency-key"]), /^[\w-]{1,256}$/);
    assert.ok(headers["user-agent"]);
  }
});
