/** What the OpenAPI document says of `/service`, asked of both Workers as they are deployed. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";

import { signIn } from "../providers/support/standing.mjs";
import { startUpstox } from "../servers/stand-ins/upstox/index.mjs";
import { startBoth } from "./support/both.mjs";
import { desk } from "./support/people.mjs";
import { APP } from "./support/logins.mjs";
import { KEY, OPERATOR_KEY, SECRET } from "./support/services.mjs";

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const read = (/** @type {string} */ path) => readFile(new URL(`../../${path}`, import.meta.url), "utf8");

/** @type {any} */ let document;
/** @type {[string, any][]} */ let paths;
/** @type {Awaited<ReturnType<typeof startBoth>>} */ let both;
/** @type {Awaited<ReturnType<typeof startUpstox>>} */ let upstox;

before(async () => {
  document = JSON.parse(await read("crates/wire/openapi.json"));
  paths = Object.entries(document.paths).filter(([template]) => template.startsWith("/service"));
  both = await startBoth(async (app) => {
    upstox = await startUpstox({ clientId: APP.upstox, clientSecret: SECRET, redirectUri: `${app}/service/upstox/callback` });
    return {
      SERVICE_UPSTOX: { provider: "upstox", client_id: APP.upstox, origin: upstox.origin, login_url: `${upstox.origin}/v2/login/authorization/dialog`, rate: "30/1m" },
      SECRET_UPSTOX_CLIENT_SECRET: SECRET,
      CALLER_REPORTS: { services: ["upstox"] },
      CALLER_OPERATOR: { services: ["upstox"], operator: true },
      SECRETS_SET_AT: { SECRET_UPSTOX_CLIENT_SECRET: "2020-01-31" },
    };
  });
});
after(async () => { await both?.close(); await upstox?.close(); });

/** What a part of the document refers to. @param {any} part @returns {any} */
const whole = (part) => (part?.$ref ? whole(part.$ref.slice(2).split("/").reduce((/** @type {any} */ at, /** @type {string} */ name) => at[name], document)) : part);

/** Why a value is not as a schema says, or nothing. Only the words that the schemas of `/service` are written in. @param {any} part @param {any} value @param {string} at @returns {string[]} */
function wrong(part, value, at) {
  const schema = whole(part);
  for (const word of Object.keys(schema)) {
    const KNOWN = ["description", "type", "enum", "const", "anyOf", "oneOf", "allOf", "pattern", "required", "properties", "additionalProperties", "items", "minimum", "maximum"];
    assert.ok(KNOWN.includes(word), `${at}: ${word} is a word that this test does not hold`);
  }
  const some = schema.anyOf ?? schema.oneOf;
  if (some) {
    const each = some.map((/** @type {any} */ one) => wrong(one, value, at));
    const fitting = each.filter((/** @type {string[]} */ found) => found.length === 0).length;
    return fitting === 1 || (schema.anyOf && fitting) ? [] : [`${at} fits ${fitting} of them: ${each.flat().join("; ")}`];
  }
  const all = (schema.allOf ?? []).flatMap((/** @type {any} */ one) => wrong(one, value, at));
  if (all.length) return all;
  const kind = value === null ? "null" : Array.isArray(value) ? "array" : Number.isInteger(value) ? "integer" : typeof value;
  const types = [schema.type ?? []].flat();
  const found = [];
  if (types.length && !types.includes(kind) && !(kind === "integer" && types.includes("number"))) return [`${at} is ${kind}`];
  if (schema.enum && !schema.enum.includes(value)) found.push(`${at} is none of them`);
  if (schema.pattern && !new RegExp(schema.pattern).test(value)) found.push(`${at} is not like ${schema.pattern}`);
  if ("const" in schema && schema.const !== value) found.push(`${at} is another`);
  if (value < schema.minimum || value > schema.maximum) found.push(`${at} is out of bounds`);
  if (kind === "array" && schema.items) found.push(...value.flatMap((/** @type {any} */ one, /** @type {number} */ n) => wrong(schema.items, one, `${at}[${n}]`)));
  if (kind !== "object") return found;
  for (const name of schema.required ?? []) if (!(name in value)) found.push(`${at}.${name} is missing`);
  for (const [name, one] of Object.entries(value)) {
    const own = schema.properties?.[name] ?? schema.additionalProperties;
    if (own === false) found.push(`${at}.${name} is not described`);
    else if (typeof own === "object") found.push(...wrong(own, one, `${at}.${name}`));
  }
  return found;
}

/** Asks, and holds the answer against the document. @param {string} template @param {string} method @param {any} [options] @param {string} [query] */
async function ask(template, method, options = {}, query = "") {
  const path = template.replace("{name}", "upstox").replace("{capability}", "none") + query;
  return holds(template, method, path, await both.ask(method, path, { ...options, body: options.body }));
}

/** Holds an answer against the document. @param {string} template @param {string} method @param {string} path @param {{ status: number, headers: Record<string, any>, text: string, json?: any }} answer */
function holds(template, method, path, answer) {
  const json = answer.json ?? (/json/.test(answer.headers["content-type"] ?? "") ? JSON.parse(answer.text) : undefined);
  const where = `${method} ${path}: ${answer.status} ${answer.text.slice(0, 300)}`;
  const response = whole(document.paths[template][method.toLowerCase()].responses[answer.status]);
  assert.ok(response, where);
  const [type = ""] = (answer.headers["content-type"] ?? "").split(";");
  if (answer.text) assert.ok(response.content?.[type], `${where} as ${type}`);
  if (json !== undefined && answer.text) assert.deepEqual(wrong(response.content[type].schema, json, "the answer"), [], where);
  for (const name of ["location", "retry-after"]) if (name in answer.headers) assert.ok(Object.keys(response.headers ?? {}).some((known) => known.toLowerCase() === name), `${where}: ${name}`);
  return { ...answer, json };
}

test("every route takes the methods of the document and no other", async () => {
  let refused = 0;
  for (const [template, item] of paths) {
    const described = METHODS.filter((method) => item[method.toLowerCase()]);
    const path = template.replace("{name}", "upstox").replace("{capability}", "none");
    for (const method of METHODS.filter((one) => !described.includes(one))) {
      const { status, headers, json, text } = await both.ask(method, path, { key: OPERATOR_KEY });
      assert.deepEqual([status, headers.allow], [405, described.join(", ")], `${method} ${path}`);
      if (method !== "HEAD") assert.deepEqual(wrong({ $ref: "#/components/schemas/ServiceProblem" }, json ?? JSON.parse(text), "the answer"), []);
      refused += 1;
    }
  }
  assert.ok(refused >= 40, `${refused}`);
});

test("what each route answers is as the document says, from nobody, a program and an operator", async () => {
  /** @type {Map<string, number>} */ const met = new Map();
  const saw = (/** @type {string} */ what, /** @type {{ status: number }} */ { status }) => met.set(`${what} ${status}`, (met.get(`${what} ${status}`) ?? 0) + 1);
  const tell = async (/** @type {string} */ template, /** @type {string} */ method, /** @type {any} */ options = {}, query = "") => {
    const answer = await ask(template, method, options, query);
    saw(`${method} ${template.replace("/service/{name}", "")}`, answer);
    return answer;
  };
  for (const key of [null, KEY, OPERATOR_KEY]) {
    for (const [template, item] of paths) {
      for (const method of METHODS.filter((one) => item[one.toLowerCase()] && !(one === "DELETE"))) await tell(template, method, { key });
    }
  }
  const two = { headers: { cookie: "__Host-Http-everlit=a.b" } };
  for (const [template, item] of paths) for (const method of METHODS.filter((one) => item[one.toLowerCase()])) assert.equal((await tell(template, method, two)).status, 400);

  const { json } = await tell("/service/{name}/login", "POST", { key: OPERATOR_KEY });
  const browser = both.browser();
  const begun = await browser.navigate(json.login_url);
  assert.equal(begun.status, 303);
  const ended = await browser.navigate(await signIn(upstox, begun.headers.location ?? "", "ada"), { site: "cross-site" });
  assert.equal(ended.status, 303);
  assert.equal((await browser.navigate(ended.headers.location ?? "", { site: "cross-site" })).status, 200);
  const held = await tell("/service/{name}/token", "POST", { key: OPERATOR_KEY, body: { reads_only: true } });
  await tell("/service/{name}/refresh", "POST", { body: { epoch: held.json.epoch, generation: held.json.generation } });
  await tell("/service/{name}/refresh", "POST", { key: OPERATOR_KEY, body: { epoch: 1 } });
  await tell("/service/{name}/token", "POST", { key: OPERATOR_KEY, body: { more: "x".repeat(5_000) } });
  const { json: told } = await tell("/service/{name}/status", "GET", { key: OPERATOR_KEY });
  assert.equal(told.secrets[0].old, true);
  await tell("/service/{name}/status", "GET");
  await tell("/service/{name}/credential", "PUT", { key: OPERATOR_KEY, body: { credential: "nothing that anybody gave", kind: "token" } });
  await tell("/service/{name}/credential", "PUT", { key: OPERATOR_KEY, body: { credential: held.json.access_token, kind: "token" } });
  await tell("/service/{name}/credential", "PUT", { key: OPERATOR_KEY, body: { credential: "x".repeat(70_000) } });
  for (let n = 0; n < 40; n += 1) await tell("/service/{name}/token", "POST");
  await tell("/service/{name}/credential", "DELETE");
  await tell("/service/{name}/credential", "DELETE", { key: OPERATOR_KEY });
  await tell("/service/{name}/token", "POST", { key: OPERATOR_KEY });
  for (const expected of [
    "GET /service 200", "GET /service 401", "GET /service 400", "GET /status 200", "GET /status 401", "POST /token 200", "POST /token 401", "POST /token 413", "POST /token 429", "POST /token 503",
    "POST /refresh 200", "POST /refresh 400", "POST /fallback 204", "POST /fallback 401", "PUT /credential 200", "PUT /credential 400", "PUT /credential 401", "PUT /credential 403", "PUT /credential 413", "PUT /credential 422",
    "DELETE /credential 204", "DELETE /credential 403", "POST /login 200", "POST /login 401", "POST /login 403", "GET /login 401", "GET /callback 400", "POST /callback 303",
    "POST /notify/{capability} 200",
  ]) assert.ok(met.has(expected), `${expected} was not met: ${[...met.keys()].sort().join(", ")}`);
});

test("what a user of the app is answered is as the document says: an operator, a user, one who is neither, and one without a session", async (t) => {
  const on = await desk(t, "breeze", { more: { users: { claim: "sub", values: ["bob"] } } });
  const [ada, bob, carol, gone] = [await on.person("ada"), await on.person("bob"), await on.person("carol"), await on.person("bob")];
  assert.equal((await gone.call("/auth/logout", { method: "POST", json: { v: 1 } })).status, 200);
  const forUsers = paths.flatMap(([template, item]) => METHODS.filter((one) => item[one.toLowerCase()]?.security.some((/** @type {object} */ way) => "session" in way)).map((method) => /** @type {const} */ ([template, method])));
  assert.deepEqual(forUsers.map(([template, method]) => `${method} ${template.replace("/service/{name}", "")}`), ["GET /service", "GET /status", "POST /refresh", "PUT /credential", "POST /fallback", "GET /login"]);
  /** @type {Set<string>} */ const met = new Set();
  const credential = { "PUT /service/{name}/credential": { credential: "12345678" } };
  for (const [template, method] of forUsers) {
    const path = template.replace("{name}", "breeze");
    const operation = document.paths[template][method.toLowerCase()];
    const tell = (/** @type {string} */ who, /** @type {any} */ answer) => met.add(`${who} ${method} ${template.replace("/service/{name}", "")} ${holds(template, method, path, answer).status}`);
    if (template.endsWith("/login")) {
      for (const [who, browser] of /** @type {const} */ ([["ada", ada], ["bob", bob], ["gone", gone]])) tell(who, await browser.navigate(path, { site: "same-origin" }));
      tell("link", await ada.navigate(path, { site: "none" }));
      continue;
    }
    const json = method === "GET" ? undefined : /** @type {Record<string, object>} */ (credential)[`${method} ${template}`] ?? {};
    assert.deepEqual(operation.parameters.map((/** @type {any} */ one) => whole(one).name), ["everlit-version", "everlit-epoch"], path);
    for (const [who, browser] of /** @type {const} */ ([["ada", ada], ["bob", bob], ["carol", carol], ["gone", gone]])) tell(who, await browser.call(path, { method, json }));
    tell("bare", await ada.call(path, { method, json, headers: { "everlit-version": undefined } }));
    tell("old", await ada.call(path, { method, json, headers: { "everlit-version": "99" } }));
    tell("site", await ada.call(path, { method, json, headers: { "sec-fetch-site": "cross-site" } }));
    if (method !== "GET" && !template.endsWith("/fallback")) tell("long", await ada.call(path, { method, json: { credential: "x".repeat(70_000) } }));
  }
  for (const expected of [
    "ada GET /service 200", "carol GET /service 200", "gone GET /service 401", "bare GET /service 403", "site GET /service 403", "old GET /service 400",
    "ada GET /status 200", "bob GET /status 200", "carol GET /status 403", "gone GET /status 401", "ada POST /refresh 200", "bob POST /refresh 403", "gone POST /refresh 401",
    "ada PUT /credential 422", "bob PUT /credential 403", "carol PUT /credential 403", "site PUT /credential 403", "long PUT /credential 413",
    "ada POST /fallback 204", "bob POST /fallback 204", "carol POST /fallback 403", "gone POST /fallback 401", "bare POST /fallback 403",
    "ada GET /login 303", "bob GET /login 403", "gone GET /login 401", "link GET /login 403",
  ]) assert.ok(met.has(expected), `${expected} was not met: ${[...met].sort().join(", ")}`);
  // Under `/api` as well: there it may be that only a person can go on.
  const told = await bob.call("/api/breeze/breezeapi/api/v1/dematholdings");
  assert.equal(told.status, 409);
  const { schema } = document.components.responses.ApiLinkRequired.content["application/problem+json"];
  assert.deepEqual(wrong(schema.anyOf.find((/** @type {any} */ one) => one.$ref.endsWith("/Reauth")), told.json, "the answer"), []);
});

test("the codes of the document are those of the Worker, under statuses that are answered somewhere", async () => {
  const source = await read("worker/services/src/problem.rs");
  const known = [...source.matchAll(/Self::new\((\d+), "(\w+)"/g)].map(([, status = "", code = ""]) => ({ status, code }));
  const schemas = ["ServiceProblem", "NoToken", "CredentialRefused"];
  const described = schemas.flatMap((name) => document.components.schemas[name].properties.code.enum);
  assert.deepEqual(described.toSorted(), [...new Set(known.map(({ code }) => code))].toSorted());
  for (const { status, code } of known.filter(({ code: one }) => one !== "method_not_allowed")) {
    const [schema] = schemas.filter((name) => document.components.schemas[name].properties.code.enum.includes(code));
    const answered = paths.flatMap(([, item]) => Object.values(item)).flatMap(({ responses }) => whole(responses?.[status])?.content?.["application/problem+json"]?.schema ?? []);
    assert.ok(answered.some((part) => JSON.stringify(part).includes(`schemas/${schema}"`)), `${code} ${status}`);
  }
});
