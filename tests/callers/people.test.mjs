// An app's own backend that needs a person: one line for each route in Express, Django and a Worker, each the real one.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { isServiceError, openService, reauthErrors, reauthRequired } from "everlit/service";
import express from "express";
import { WorkerdProcess } from "../worker/support/workerd-process.mjs";
import { KEY, SECRET, StandIn, broken, none } from "./support/stand-in.mjs";

const EXAMPLES = fileURLToPath(new URL("../../www/examples/service/", import.meta.url));
const ENTRY = new URL("../../crates/web/dist/service/index.js", import.meta.url);
/** @type {StandIn} */ let stand;
beforeEach(async () => void (stand = await StandIn.open()));
afterEach(() => stand.close());

/** What every backend says to its page, to the letter. @param {Response} answer */
async function isReauth(answer) {
  assert.equal(answer.status, 409);
  assert.match(answer.headers.get("content-type") ?? "", /^application\/problem\+json/);
  assert.equal(answer.headers.get("cache-control"), "no-store");
  const text = await answer.text();
  assert.ok(!text.includes(KEY) && !text.includes(SECRET));
  const { server_time: at, since, ...problem } = JSON.parse(text);
  assert.ok(Math.abs(at - Date.now()) < 60_000);
  assert.deepEqual(problem, { type: "urn:everlit:problem:reauth_required", title: "Only a person can go on here.", status: 409, code: "reauth_required", vault: "service:broker", reason: "needs_human" });
  return since;
}

const broker = () => openService({ url: stand.url, name: "broker", key: KEY, timeout: 400 });

describe("requireSession", () => {
  test("gives a token, or says that only a person can bring one, or that there is none just now", async () => {
    assert.equal((await broker().requireSession()).token, SECRET);
    stand.queue.push(none("needs_human", 30, { since: 1_790_000_000_000 }));
    const error = await broker().requireSession().catch((caught) => caught);
    assert.deepEqual([isServiceError(error), error.code, error.service, error.since, error.retryAfter], [true, "ERR_SERVICE_REAUTH", "broker", 1_790_000_000_000, 30_000]);
    for (const reason of ["renewing", "needs_operator", "caller_limited"]) {
      stand.queue.push(none(reason, 2));
      const other = await broker().requireSession().catch((caught) => caught);
      assert.deepEqual([other.code, other.retryAfter, reauthRequired(other)], ["ERR_SERVICE_UNAVAILABLE", 2_000, undefined], reason);
    }
  });

  test("knows of a login at once where others were told a moment ago that a person is needed, and asks no more often for that", async (t) => {
    const service = broker();
    // A machine's timers count in whole milliseconds, from a clock of their own: one can fire before its time.
    const { setTimeout: exact } = globalThis;
    t.mock.method(globalThis, "setTimeout", (/** @type {() => void} */ run, /** @type {number} */ ms) => exact(run, ms - 15));
    stand.queue.push(none("needs_human", 0.3));
    assert.equal((await service.getValidSession()).token, null);
    assert.equal((await service.getValidSession()).token, null, "from memory");
    const all = await Promise.all(Array.from({ length: 5 }, () => service.requireSession()));
    assert.deepEqual([all.map(({ token }) => token), stand.asked.length], [Array(5).fill(SECRET), 2]);
  });

  test("is turned into an answer, and no other error is", async () => {
    stand.queue.push(none("needs_human", 30, { since: 1_790_000_000_000 }));
    const error = await broker().requireSession().catch((caught) => caught);
    assert.equal(await isReauth(/** @type {Response} */ (reauthRequired(error))), 1_790_000_000_000);
    for (const other of [undefined, null, "needs_human", new Error("needs_human"), { code: "ERR_SERVICE_REAUTH" }]) assert.equal(reauthRequired(other), undefined);
  });
});

describe("Express", () => {
  /** @type {import("node:http").Server} */ let server;
  let url = "";
  beforeEach(async () => {
    const app = express();
    const service = broker();
    app.get("/rows", async (_, response) => {
      const { token } = await service.requireSession();
      response.json({ length: token.length });
    });
    app.get("/other", () => {
      throw new Error("of its own");
    });
    app.get("/late", async (_, response) => {
      response.write("half");
      await service.requireSession();
    });
    app.use(reauthErrors());
    app.use((/** @type {Error} */ error, /** @type {unknown} */ _, /** @type {import("express").Response} */ response, /** @type {unknown} */ __) => void (response.headersSent ? response.end() : response.status(500).send(error.message)));
    server = app.listen(0, "127.0.0.1");
    await once(server, "listening");
    url = `http://127.0.0.1:${/** @type {import("node:net").AddressInfo} */ (server.address()).port}`;
  });
  afterEach(() => void server.close());

  test("answers a route that needs a person so, and leaves all else to the app", async () => {
    assert.deepEqual(await (await fetch(`${url}/rows`)).json(), { length: SECRET.length });
    await fetch(`${url}/other`).then(async (answer) => assert.deepEqual([answer.status, await answer.text()], [500, "of its own"]));
  });

  test("says that a person is needed, and what has begun is not touched", async () => {
    stand.queue.push(none("needs_human", 0.2), none("needs_human", 0.2));
    await isReauth(await fetch(`${url}/rows`));
    assert.equal(await (await fetch(`${url}/late`)).text(), "half");
  });
});

const PYTHON = process.env.EVERLIT_DJANGO_PYTHON;
describe("Django", { skip: PYTHON ? false : "EVERLIT_DJANGO_PYTHON names no Python with Django" }, () => {
  /** Asks the view once each. @param {string} view @param {number} count */
  async function ask(view, count) {
    const program = `
import sys; sys.path.insert(0, ${JSON.stringify(EXAMPLES)})
import json, django
from django.conf import settings
settings.configure(DEBUG=False, ALLOWED_HOSTS=["*"], ROOT_URLCONF="__main__", SECRET_KEY="none", MIDDLEWARE=[])
django.setup()
from django.http import JsonResponse
from django.urls import path
from everlit_service import Service
from everlit_django import with_session
service = Service(${JSON.stringify(stand.url)}, "broker", ${JSON.stringify(KEY)}, 0.4)

@with_session(service)
def plain(request, session, row=0):
    return JsonResponse({"length": len(session.token), "row": row})

@with_session(service)
async def later(request, session):
    return JsonResponse({"length": len(session.token)})

urlpatterns = [path("plain/<int:row>", plain), path("later", later)]
from django.test import AsyncClient, Client
import asyncio
said = []
for _ in range(${count}):
    answer = asyncio.run(AsyncClient().get("/later")) if ${JSON.stringify(view)} == "/later" else Client().get(${JSON.stringify(view)})
    said.append([answer.status_code, dict(answer.headers), answer.content.decode()])
print(json.dumps(said))
`;
    const child = spawn(PYTHON ?? "", ["-c", program], { stdio: ["ignore", "pipe", "pipe"], env: { PATH: process.env.PATH, PYTHONDONTWRITEBYTECODE: "1" } });
    let [said, errors] = ["", ""];
    child.stdout.on("data", (part) => (said += part));
    child.stderr.on("data", (part) => (errors += part));
    const [code] = await once(child, "close");
    assert.equal(code, 0, errors);
    return JSON.parse(said).map((/** @type {[number, Record<string, string>, string]} */ [status, headers, body]) => new Response(body, { status, headers }));
  }

  for (const view of ["/plain/7", "/later"]) {
    test(`answers ${view} so, and calls it where there is a token`, async () => {
      stand.queue.push(none("needs_human", 30));
      const [first, second] = await ask(view, 2);
      await isReauth(first);
      assert.equal((await second.json()).length, SECRET.length);
    });
  }

  test("says that a person is needed as long as nothing else is known, also where it asks too often", async () => {
    stand.queue.push(none("needs_human", 2), none("caller_limited", 2), none("renewing", 2), none("caller_limited", 2));
    const [first, second, ...others] = await ask("/plain/7", 4);
    await isReauth(first);
    await isReauth(second);
    assert.deepEqual(others.map(({ status }) => status), [503, 503]);
  });

  test("says of all else that it is not to be had just now", async () => {
    stand.queue.push(none("renewing", 2.5), ...Array.from({ length: 10 }, () => broken));
    for (const [answer, wait] of (await ask("/plain/7", 2)).map((/** @type {Response} */ answer, /** @type {number} */ at) => /** @type {const} */ ([answer, ["3", "5"][at]]))) {
      assert.deepEqual([answer.status, answer.headers.get("retry-after"), (await answer.json()).code], [503, wait, "temporarily_unavailable"]);
    }
  });
});

describe("a Worker", () => {
  /** @type {WorkerdProcess} */ let workerd;
  let url = "";
  before(async () => {
    const source = readFileSync(`${EXAMPLES}worker.js`, "utf8").replace('"everlit/service"', '"./index.js"');
    assert.match(source, /requireSession/);
    const { folder, port } = await WorkerdProcess.prepare([ENTRY, fileURLToPath(new URL("support/backend.mjs", import.meta.url))]);
    const { writeFileSync } = await import("node:fs");
    writeFileSync(`${folder}/example.js`, source);
    workerd = new WorkerdProcess(folder, port);
    await workerd.set({ modules: ["backend.mjs", "example.js", "index.js"] });
    url = `http://127.0.0.1:${port}`;
  });
  after(() => workerd.close());

  test("answers so, and calls on where there is a token", async () => {
    await workerd.begin();
    try {
      const ask = () => fetch(`${url}/?${new URLSearchParams({ url: stand.url, key: KEY })}`);
      stand.queue.push(none("needs_human", 0));
      await isReauth(await ask());
      const answer = await ask();
      assert.equal(answer.status, 200, workerd.output);
      assert.equal((await answer.json()).status, "active");
    } finally {
      await workerd.kill();
    }
  });
});
