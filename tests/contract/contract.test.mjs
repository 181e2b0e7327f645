import assert from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { signIn } from "../providers/support/standing.mjs";
import { startUpstox } from "../servers/stand-ins/upstox/index.mjs";
import { startBoth } from "../services/support/both.mjs";
import { APP } from "../services/support/logins.mjs";
import { KEY, OPERATOR_KEY, SECRET } from "../services/support/services.mjs";
import { enter, startScriptedStack } from "../worker/support/scripted-stack.mjs";
import { ask } from "./schemathesis.mjs";

const SOURCE = new URL("../../crates/wire/openapi.json", import.meta.url);
/** What ends the session that the others ask in: a logout, and the end of one by its name, which is taken out of a list's answer. */
const ENDINGS = ["logout", "endSession"];

/** @type {import("../worker/support/scripted-stack.mjs").ScriptedStack} */
let stack;
before(async () => { stack = await startScriptedStack(); });
after(() => stack?.close());

const own = () => ({ "sec-fetch-site": "same-origin", origin: stack.app });

/** What every request says in the name of a new session. */
async function session() {
  const { browser } = await enter(stack);
  return { browser, headers: { ...own(), cookie: browser.cookieHeader("/") } };
}

/** @param {Partial<import("./schemathesis.mjs").Asked>} asked @param {string[]} expected what must have been met, or nothing was tried */
async function holds(asked, expected) {
  const { isWell, output, met, count } = await ask({ app: stack.app, document: `${stack.app}/auth/openapi.json`, headers: own(), ...asked });
  assert.ok(isWell, output);
  const missed = expected.filter((one) => !met.has(one));
  assert.deepEqual(missed, [], `${[...met].sort().join("\n")}\nof ${count}`);
  assert.ok(!stack.workerd.output.includes("panicked"), "nothing panicked");
}

/** What is behind a binding that this Worker has not. */
const OTHERS = ["--exclude-path-regex", "^/service"];
const select = (/** @type {string} */ how, /** @type {string[]} */ names) => names.flatMap((name) => [`--${how}-operation-id`, name]);

test("with a session: no 5xx, and nothing that the document does not say", async () => {
  const { browser, headers } = await session();
  await holds({ headers, select: [...select("exclude", ENDINGS), ...OTHERS] }, [
    "GET /auth/session 200", "GET /auth/session 403", "POST /auth/token 200", "POST /auth/token 400", "POST /auth/token 403", "POST /auth/token 404",
    "GET /auth/login 302", "GET /auth/login 404", "GET /auth/events 426", "GET /healthz 200", "PUT /auth/token 405",
    "GET /auth/sessions 200", "GET /auth/sessions 403", "DELETE /auth/sessions 204", "POST /auth/backchannel-logout 400",
  ]);
  assert.equal((await browser.call("/auth/session")).json.state, "active");
});

test("the proxy, with the upstream that there is", async () => {
  // Nobody guesses its name, and it takes fewer methods than there are.
  const document = JSON.parse(await readFile(SOURCE, "utf8"));
  const { put: _put, patch: _patch, delete: _delete, ...item } = document.paths["/api/{upstream}/{path}"];
  item.parameters[0].schema = { const: "orders" };
  document.paths["/api/{upstream}/{path}"] = item;
  await withDocument(document, async (file) => {
    const { headers } = await session();
    const names = ["apiGet", "apiHead", "apiPost"];
    await holds({ headers, document: file, select: select("include", names) }, []);
    assert.ok(stack.resource.asked.length > 10, "calls went through");
  });
});

test("without a session", async () => {
  await holds({ select: select("include", ["session", "token", "logout", "events", "apiGet", "sessions", "endOtherSessions", "endSession", "backchannelLogout"]) }, [
    "GET /auth/session 200", "POST /auth/token 401", "POST /auth/logout 200", "GET /auth/events 426", "GET /auth/sessions 401",
    "DELETE /auth/sessions 401", "POST /auth/backchannel-logout 400",
  ]);
});

test("logout, as often as it likes", async () => {
  const { browser, headers } = await session();
  await holds({ headers, select: select("include", ["logout"]) }, ["POST /auth/logout 200"]);
  assert.equal((await browser.call("/auth/session")).json.state, "logged_out");
});

test("one session by its name, which ends with it", async () => {
  const document = JSON.parse(await readFile(SOURCE, "utf8"));
  const { browser, headers } = await session();
  // Nobody guesses it, and others end nothing.
  await holds({ headers, select: select("include", ["endSession"]) }, []);
  const [own] = (await browser.call("/auth/sessions")).json.sessions;
  document.paths["/auth/sessions/{id}"].delete.parameters[0].schema = { const: own.id };
  await withDocument(document, async (file) => {
    await holds({ headers, document: file, select: select("include", ["endSession"]) }, [`DELETE /auth/sessions/${own.id} 204`, `DELETE /auth/sessions/${own.id} 401`]);
  });
  assert.equal((await browser.call("/auth/session")).json.state, "logged_out");
});

test("a session that is over", async () => {
  const { browser, headers } = await session();
  await browser.call("/auth/logout", { method: "POST" });
  await holds({ headers, select: select("include", ["session", "token", "apiGet", "sessions"]) }, ["POST /auth/token 401", "GET /auth/sessions 401"]);
});

test("the services, as a program asks them, behind the binding of both Workers", async (t) => {
  /** @type {Awaited<ReturnType<typeof startUpstox>> | undefined} */ let upstox;
  const both = await startBoth(async (app) => {
    upstox = await startUpstox({ clientId: APP.upstox, clientSecret: SECRET, redirectUri: `${app}/service/upstox/callback` });
    return {
      SERVICE_UPSTOX: { provider: "upstox", client_id: APP.upstox, origin: upstox.origin, login_url: `${upstox.origin}/v2/login/authorization/dialog`, rate: "99999/1s" },
      SECRET_UPSTOX_CLIENT_SECRET: SECRET,
      CALLER_REPORTS: { services: ["upstox"] },
      CALLER_OPERATOR: { services: ["upstox"], operator: true },
    };
  });
  t.after(async () => { await both.close(); await upstox?.close(); });
  if (!upstox) throw new Error("no stand-in was started");
  // Where there is a token no answer is a 503, which is what a client that makes things up takes for a fault.
  const { json } = await both.ask("POST", "/service/upstox/login", { key: OPERATOR_KEY });
  const browser = both.browser();
  const begun = await browser.navigate(json.login_url);
  const ended = await browser.navigate(await signIn(upstox, begun.headers.location ?? "", "ada"), { site: "cross-site" });
  assert.equal((await browser.navigate(ended.headers.location ?? "", { site: "cross-site" })).status, 200);

  const document = JSON.parse(await readFile(SOURCE, "utf8"));
  // Nobody guesses the name of a service.
  for (const item of Object.values(document.paths)) for (const one of item.parameters ?? []) if (one.name === "name") one.schema = { const: "upstox" };
  // A program has no session, and says nothing that pages say: with both a request is refused whatever it is.
  for (const operation of Object.entries(document.paths).filter(([path]) => path.startsWith("/service")).flatMap(([, item]) => Object.values(item))) {
    operation.security = operation.security?.filter((/** @type {object} */ way) => !("session" in way));
    operation.parameters = operation.parameters?.filter((/** @type {{ $ref?: string }} */ one) => !one.$ref);
  }
  await withDocument(document, async (file) => {
    const headers = { authorization: `Bearer ${KEY}` };
    const { isWell, output, met } = await ask({ app: both.app, document: file, headers, select: ["--include-path-regex", "^/service"] });
    assert.ok(isWell, output);
    for (const expected of [
      "GET /service 200", "GET /service/upstox/status 200", "POST /service/upstox/token 200", "POST /service/upstox/token 400", "POST /service/upstox/refresh 200",
      "PUT /service/upstox/credential 403", "DELETE /service/upstox/credential 403", "POST /service/upstox/login 403", "GET /service/upstox/callback 400",
    ]) assert.ok(met.has(expected), `${expected}: ${[...met].sort().join("\n")}`);
  });
  assert.equal((await both.ask("POST", "/service/upstox/token")).status, 200, "the token is still there");
  assert.ok(!both.workerd.output.includes("panicked"));
});

test("a document that is wrong is found out", async () => {
  const document = JSON.parse(await readFile(SOURCE, "utf8"));
  delete document.paths["/auth/session"].get.responses["403"];
  document.components.schemas.SessionResponse.oneOf.shift();
  await withDocument(document, async (file) => {
    const { isWell, output } = await ask({ app: stack.app, document: file, headers: own(), select: select("include", ["session"]), examples: 5 });
    assert.ok(!isWell);
    assert.match(output, /Undocumented status code/);
    assert.match(output, /Response violates schema/);
  });
});

/** @param {unknown} document @param {(file: string) => Promise<void>} story */
async function withDocument(document, story) {
  const file = join(tmpdir(), `everlit-contract-${process.pid}.json`);
  await writeFile(file, JSON.stringify(document));
  await story(file).finally(() => rm(file));
}
