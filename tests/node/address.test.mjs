// Where a call goes, as its address says.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { inside } from "./inside.mjs";

const { call } = inside;

const APP = "https://app.example";
const PAGE = `${APP}/desk/today?tab=2`;

describe("the address of a call", () => {
  const plain = ["/api/orders", "/api/orders/42", "/api/order-lines/a_b"];
  const crooked = [
    ...["/", "//evil.example/api", "/api/../auth/token", "/api/./orders", "/api/orders/", "/api//orders", "/api/orders?page=2#top", "/api/orders#a?b", "/api/ä b"],
    ...["/api\\orders", "/api/%2e%2e/x", " /api/orders", "/api/orders\n", "orders", "../orders", "?page=2", "", "https://API.example:443/v1/../v2", "HTTPS:/api/orders"],
    ...[new URL("https://api.example/v1#here"), { url: "https://api.example/v1?x#here" }],
  ];
  for (const input of [...plain, ...crooked]) {
    test(`${JSON.stringify(input)} is the one that a URL would be, without its fragment`, () => {
      const wanted = new URL(input.url ?? input, PAGE);
      wanted.hash = "";
      assert.equal(call.addressOf(input, PAGE, APP), wanted.href);
    });
  }

  const upstreams = [
    { name: "orders", origin: "https://api.example", path: "/v1", vault: "login", mode: "bff" },
    { name: "quotes", origin: "https://quotes.example", path: "/", vault: "linked:broker" },
  ];
  const to = (/** @type {string} */ input) => call.route(call.addressOf(input, PAGE, APP), APP, upstreams, undefined);

  test("leads to the upstream that it is in, with all that follows", () => {
    assert.deepEqual(to("https://api.example/v1"), [`${APP}/api/orders`, "login"]);
    assert.deepEqual(to("https://api.example/v1/"), [`${APP}/api/orders/`, "login"]);
    assert.deepEqual(to("https://api.example/v1?a=/b"), [`${APP}/api/orders?a=/b`, "login"]);
    assert.deepEqual(to("https://api.example/v1/list?a=b#c"), [`${APP}/api/orders/list?a=b`, "login"]);
    assert.deepEqual(to("https://quotes.example/nifty?x=1"), ["https://quotes.example/nifty?x=1", "linked:broker", "quotes"]);
    assert.deepEqual(to("/api/quotes?x=1"), [`${APP}/api/quotes?x=1`, "linked:broker"]);
    assert.deepEqual(to("/api/orders/list"), [`${APP}/api/orders/list`, "login"]);
    assert.deepEqual(to("/api/unknown/list"), [`${APP}/api/unknown/list`, undefined], "which the Worker knows nothing of, and says so");
  });

  const elsewhere = [
    ...["https://api.example/v10", "https://api.example/", "https://api.example/v1/../v2", "https://api.example/v1%2flist", "http://api.example/v1", "https://api.example:8443/v1"],
    ...["https://api.example.evil.example/v1", "https://api.example@evil.example/v1", "https://user:word@api.example/v1", "https://quotes.example.evil.example/", "https://quotes.example:1/"],
    ...["/api", "/apis/orders", "https://app.example.evil.example/api/orders", "https://app.example@evil.example/api/orders", "/api/../auth/token", "//evil.example/api/orders"],
  ];
  for (const input of elsewhere) test(`${input} is in no upstream`, () => assert.equal(to(input), undefined));
});
