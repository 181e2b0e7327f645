import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { claimsOf, subjectOf } from "./accounts.mjs";

describe("accounts", () => {
  test("the same name is the same subject, however it is typed", () => {
    assert.equal(subjectOf("Ada  Lovelace "), "ada%20lovelace");
    assert.equal(subjectOf("ada lovelace"), "ada%20lovelace");
    assert.equal(subjectOf("Zoe\u0308"), subjectOf("zo\u00eb"));
  });

  test("a subject is at most 255 ASCII characters", () => {
    assert.match(subjectOf("名前") ?? "", /^[\x21-\x7e]+$/);
    assert.equal(subjectOf("a".repeat(255))?.length, 255);
    assert.equal(subjectOf("a".repeat(256)), undefined);
    assert.equal(subjectOf("  "), undefined);
  });

  test("claims are made from the name", () => {
    assert.deepEqual(claimsOf("ada"), { sub: "ada", name: "Ada", email: "ada@example.com", email_verified: false });
    const { name, email, email_verified } = claimsOf(subjectOf("Grace.Hopper@navy.example") ?? "");
    assert.deepEqual({ name, email, email_verified }, { name: "Grace Hopper", email: "grace.hopper@navy.example", email_verified: true });
    assert.equal(claimsOf(subjectOf("名前") ?? "").email, "user@example.com");
    assert.equal(claimsOf(subjectOf("...") ?? "").name, "...");
  });
});
