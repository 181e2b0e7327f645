// Codes are said in three places, which agree: the type, its table, and the page of what to do.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { describe, test } from "node:test";

const web = new URL("../../crates/web/", import.meta.url);
const read = (path) => readFileSync(new URL(path, web), "utf8");
const found = (text, pattern) => [...text.matchAll(pattern)].map(([, code]) => code);

const source = read("ts/errors.ts");
const codes = found(source.slice(source.indexOf("export type SessionErrorCode")), /^ {2}\| "(ERR_SESSION_\w+)"/gm);
const page = read("ERRORS.md");

describe("the codes of errors", () => {
  test("are those of the table beside their type, in the same order", () => {
    assert.ok(codes.length >= 13);
    assert.deepEqual(found(source, /^ \* \| `(ERR_SESSION_\w+)`/gm), codes);
  });

  test("have a section each, and no others", () => {
    const own = page.slice(0, page.indexOf("\n## `everlit/service`"));
    assert.deepEqual(found(own, /^## (.+)$/gm), codes);
    const sections = own.split(/^## .+$/m).slice(1);
    for (const [at, section] of sections.entries()) {
      for (const part of ["**What happened.**", "**Why.**", "**What to do.**"]) assert.equal(section.split(part).length, 2, `${codes[at]}: ${part}`);
    }
  });

  test("of everlit/service are those of their type and its table, with a section each, and something throws each", () => {
    const error = read("ts/service/error.ts");
    const [, union = ""] = /type ServiceErrorCode =([^;]+);/.exec(error) ?? [];
    const service = found(union, /"(ERR_SERVICE_\w+)"/g);
    assert.equal(service.length, 6);
    assert.deepEqual(found(error, /^ \* \| `(ERR_SERVICE_\w+)`/gm), service);
    assert.deepEqual(found(page, /^### (.+)$/gm), service);
    for (const [at, section] of page.split(/^### .+$/m).slice(1).entries()) {
      for (const part of ["**What happened.**", "**Why.**", "**What to do.**"]) assert.equal(section.split(part).length, 2, `${service[at]}: ${part}`);
    }
    const sources = ["ask", "options", "people", "sessions"].map((name) => read(`ts/service/${name}.ts`)).join("\n");
    assert.deepEqual([...new Set(found(sources, /"(ERR_SERVICE_\w+)"/g))].sort(), [...service].sort());
  });

  test("are each what something rejects with", () => {
    const sources = readdirSync(new URL("ts/", web)).filter((name) => name.endsWith(".ts") && name !== "errors.ts").map((name) => read(`ts/${name}`)).join("\n").replace(/\/\*\*[^]*?\*\//g, "");
    const used = new Set(found(sources, /"(ERR_SESSION_\w+)"/g));
    assert.deepEqual([...used].sort(), [...codes].sort());
  });
});
