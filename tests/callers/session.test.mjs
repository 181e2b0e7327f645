// `everlit/service` from memory, over a good network and over bad ones. What it asks is answered by a server of ours that speaks the
// contract; that the real Worker speaks so is shown in tests/services.

import assert from "node:assert/strict";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, test } from "node:test";
import { ServiceError, isServiceError, openService } from "everlit/service";
import { KEY, SECRET, STATUS, StandIn, broken, json, none, page, problem, silent, truncated } from "./support/stand-in.mjs";

/** @type {StandIn} */ let stand;
beforeEach(async () => void (stand = await StandIn.open()));
afterEach(() => stand.close());
const open = (more = {}) => openService({ url: stand.url, name: "broker", key: KEY, ...more });
const paths = () => stand.asked.map(({ method, path }) => `${method} ${path}`);
const caught = (promise) => promise.then((value) => assert.fail(`it came to ${inspect(value)}`), (error) => error);
/** Both clocks, moved on together or apart. */
function clocks(context) {
  const began = { mono: performance.now(), wall: Date.now() };
  const gone = { mono: 0, wall: 0 };
  context.mock.method(performance, "now", () => began.mono + gone.mono);
  context.mock.method(Date, "now", () => began.wall + gone.wall);
  return gone;
}

describe("a token", () => {
  test("is asked for as the contract says, and comes with all that goes with it", async () => {
    const session = await open().getValidSession();
    assert.equal(session.token, SECRET);
    const { tokenType, epoch, generation, readOnly, provider, expiresAt, expiresIn } = session;
    assert.deepEqual({ tokenType, epoch, generation, readOnly, provider }, { tokenType: "Bearer", epoch: 1_790_000_000_000, generation: 1, readOnly: false, provider: "upstox" });
    assert.ok(Math.abs(expiresAt - Date.now() - 3_600_000) < 5_000 && expiresIn > 3_590_000 && expiresIn <= 3_600_000, `${expiresIn}`);
    const [{ method, path, headers, body }] = stand.asked;
    assert.deepEqual([method, path, headers.authorization, body, headers.cookie], ["POST", "/service/broker/token", `Bearer ${KEY}`, "{}", undefined]);
  });

  test("of Kite comes with the API key that is sent beside it", async () => {
    stand.queue.push(json(200, { ...stand.tokenBody(), token_type: "token", client_id: "kkey" }));
    assert.equal((await open().getValidSession()).clientId, "kkey");
  });

  test("is in memory while it is good: a hundred calls ask once, at once and one after another", async () => {
    const service = open();
    const all = await Promise.all(Array.from({ length: 100 }, () => service.getValidSession()));
    for (let more = 0; more < 100; more += 1) all.push(await service.getValidSession());
    assert.equal(stand.asked.length, 1);
    assert.ok(all.every(({ token }) => token === SECRET));
  });

  test("is asked for anew shortly before its end, by whichever clock gets there first", async (context) => {
    for (const clock of ["mono", "wall"]) {
      const service = open();
      const gone = clocks(context);
      await service.getValidSession();
      const before = stand.asked.length;
      gone[clock] = 3_569_000;
      assert.ok((await service.getValidSession()).expiresIn <= 31_100);
      assert.equal(stand.asked.length, before);
      gone[clock] = 3_571_000;
      await service.getValidSession();
      assert.equal(stand.asked.length, before + 1, clock);
      context.mock.reset();
    }
  });

  test("that lives briefly is kept for most of its life", async (context) => {
    stand.lifetime = 10;
    const gone = clocks(context);
    const service = open();
    await service.getValidSession();
    gone.mono = 7_500;
    await service.getValidSession();
    assert.equal(stand.asked.length, 1);
    gone.mono = 8_500;
    await service.getValidSession();
    assert.equal(stand.asked.length, 2);
  });

  test("whose end nobody knows is kept for a minute", async (context) => {
    stand.lifetime = null;
    const gone = clocks(context);
    const service = open();
    const { expiresAt, expiresIn } = await service.getValidSession();
    assert.deepEqual([expiresAt, expiresIn], [null, null]);
    gone.wall = 59_000;
    await service.getValidSession();
    assert.equal(stand.asked.length, 1);
    gone.wall = 61_000;
    await service.getValidSession();
    assert.equal(stand.asked.length, 2);
  });

  test("that still lives is given while the Worker cannot be had, and not after its end", async (context) => {
    const gone = clocks(context);
    const service = open({ timeout: 100 });
    await service.getValidSession();
    gone.wall = 3_590_000;
    stand.queue.push(broken, page("text/html", "<h1>Maintenance</h1>", 503));
    assert.equal((await service.getValidSession()).token, SECRET);
    gone.wall = 3_601_000;
    stand.queue.push(...Array.from({ length: 20 }, () => broken));
    context.mock.reset();
    assert.equal((await caught(openService({ url: stand.url, name: "broker", key: KEY, timeout: 100 }).getValidSession())).code, "ERR_SERVICE_NETWORK");
  });

  test("for reading is kept apart from the one for all", async () => {
    const service = open();
    stand.queue.push(json(200, { ...stand.tokenBody(), access_token: "for.reading", read_only: true }), none("needs_human", 30));
    const reads = await service.getValidSession({ readsOnly: true });
    assert.deepEqual([reads.token, reads.readOnly, stand.asked[0].body], ["for.reading", true, '{"reads_only":true}']);
    assert.equal((await service.getValidSession()).reason, "needs_human", "who wants more does not get it");
    assert.equal((await service.getValidSession({ readsOnly: true })).token, "for.reading");
    assert.equal(stand.asked.length, 2);
  });
});

describe("a none", () => {
  for (const reason of ["renewing", "unavailable", "needs_human", "needs_operator", "caller_limited"]) {
    test(`"${reason}" is an answer, not an error, and is not asked for again at once`, async () => {
      stand.queue.push(none(reason, 2.5, { since: 1_790_000_000_000, login_from: 1_790_010_000_000 }));
      const service = open();
      assert.deepEqual(await service.getValidSession(), { token: null, reason, retryAfter: 2_500, since: 1_790_000_000_000, loginFrom: 1_790_010_000_000 });
      const again = await service.getValidSession();
      assert.deepEqual([again.reason, again.retryAfter <= 2_500, stand.asked.length], [reason, true, 1]);
    });
  }

  test("is given from memory for five seconds at most, but where this caller asks too often for as long as it was told", async (context) => {
    for (const [reason, gone, asked] of [["needs_human", 5_100, 2], ["caller_limited", 29_000, 1], ["caller_limited", 31_000, 2]]) {
      const before = stand.asked.length;
      const clock = clocks(context);
      const service = open();
      stand.queue = [none(reason, 30)];
      await service.getValidSession();
      clock.mono = clock.wall = gone;
      const { retryAfter } = await service.getValidSession();
      assert.equal(stand.asked.length - before, asked, `${reason} after ${gone} ms`);
      if (asked === 1) assert.ok(retryAfter <= 1_100, `${retryAfter}`);
      context.mock.reset();
    }
  });

  test("with a reason of a newer Worker is one that this package knows", async () => {
    stand.queue.push(none("full_moon", 1));
    assert.equal((await open().getValidSession()).reason, "unavailable");
  });
});

describe("a refresh", () => {
  test("says which token is held, and what comes is given from then on", async () => {
    const service = open();
    const old = await service.getValidSession();
    stand.token = { ...stand.token, access_token: "second.token", generation: 2 };
    assert.equal((await service.refresh({ holds: old })).token, "second.token");
    assert.deepEqual(JSON.parse(stand.asked[1].body), { epoch: old.epoch, generation: 1 });
    assert.equal((await service.getValidSession()).token, "second.token");
    assert.equal(stand.asked.length, 2);
  });

  test("of many that were refused at once is one question, and none for who comes later with the old one", async () => {
    const service = open();
    const old = await service.getValidSession();
    stand.token = { ...stand.token, access_token: "second.token", generation: 2 };
    const all = await Promise.all(Array.from({ length: 50 }, () => service.refresh({ holds: old })));
    all.push(await service.refresh({ holds: old }));
    assert.ok(all.every(({ token }) => token === "second.token"));
    assert.deepEqual(paths(), ["POST /service/broker/token", "POST /service/broker/refresh"]);
  });

  test("takes what is in memory for what is held, and nothing where there is nothing", async () => {
    const service = open();
    await service.refresh();
    await service.refresh();
    assert.deepEqual(stand.asked.map(({ body }) => body), ["{}", '{"epoch":1790000000000,"generation":1}']);
  });

  test("that finds none takes the token out of memory", async () => {
    const service = open();
    const old = await service.getValidSession();
    stand.queue.push(none("needs_human", 60), none("needs_human", 60));
    assert.equal((await service.refresh({ holds: old })).reason, "needs_human");
    assert.equal((await service.getValidSession()).reason, "needs_human");
  });

  test("that is overtaken brings back no older token", async () => {
    const service = open();
    const old = await service.getValidSession();
    stand.queue.push(json(200, { ...stand.tokenBody(), access_token: "third.token", generation: 3 }), json(200, { ...stand.tokenBody(), access_token: "second.token", generation: 2 }));
    await service.refresh({ holds: old });
    assert.equal((await service.refresh({ holds: { epoch: old.epoch, generation: 9 } })).token, "third.token");
    assert.equal((await service.getValidSession()).token, "third.token");
  });
});

describe("a bad network", () => {
  const soon = { retry_after: 0 };
  for (const [what, answers] of Object.entries({
    "an answer that breaks off": [truncated],
    "a connection that ends": [broken],
    "a page of HTML with 200": [page("text/html", "<h1>Log in to the wireless network</h1>")],
    "a page of HTML with 403 and with 404": [page("text/html", "<h1>Forbidden</h1>", 403), page("text/html", "<h1>Not Found</h1>", 404)],
    "a redirect, which the key does not follow": [(response) => response.writeHead(302, { location: `${stand.url}/service/broker/token` }).end()],
    "JSON of somebody else": [json(200, { ok: true }), json(500, { message: "Internal server error" }), json(200, [1, 2])],
    "a token that is none": [json(200, { access_token: "a\nb", token_type: "Bearer", epoch: 1, generation: 1, expires_at: null, expires_in: null }), json(200, { token_type: "Bearer" })],
    "a Worker that is misconfigured for a moment": [problem("misconfigured", 503, soon)],
    "a 429 of the platform's": [problem("rate_limited", 429, soon), page("text/plain", "error code: 1015", 429)],
  })) {
    test(`with ${what} is asked over again, and the token comes`, async () => {
      stand.queue.push(...answers);
      assert.equal((await open().getValidSession()).token, SECRET);
      assert.deepEqual(paths(), Array(answers.length + 1).fill("POST /service/broker/token"));
    });
  }

  for (const [form, header] of Object.entries({ "seconds": () => "1", "a date of the server's clock, which is wrong": () => new Date(Date.parse("2031-01-01T00:00:01Z")).toUTCString() })) {
    test(`that asks for patience in ${form} gets it`, async () => {
      stand.queue.push(problem("rate_limited", 429, {}, { "retry-after": header(), date: "Wed, 01 Jan 2031 00:00:00 GMT" }));
      await open().getValidSession();
      const [one, two] = stand.asked;
      assert.ok(two.at - one.at >= 950 && two.at - one.at < 5_000, `${two.at - one.at} ms`);
    });
  }

  test("that wants more patience than the call has is an error that says how much", async () => {
    stand.queue.push(problem("rate_limited", 429, {}, { "retry-after": "120" }));
    const error = await caught(open().getValidSession());
    assert.deepEqual([error.code, error.retryAfter, stand.asked.length], ["ERR_SERVICE_UNAVAILABLE", 120_000, 1]);
  });

  test("that is silent is given up with the timeout, which is said", async () => {
    stand.queue.push(silent, silent, silent);
    const error = await caught(open({ timeout: 300 }).getValidSession());
    assert.equal(error.code, "ERR_SERVICE_NETWORK");
    assert.match(error.message, /did not answer within \d+ ms/);
  });

  test("with nobody there is an error with its cause", async () => {
    const { url } = stand;
    await stand.close();
    const error = await caught(openService({ url, name: "broker", key: KEY, timeout: 200 }).getValidSession());
    assert.equal(error.code, "ERR_SERVICE_NETWORK");
    assert.ok(error.cause instanceof Error);
    stand = await StandIn.open();
  });
});

describe("a caller who gives up", () => {
  test("gets the signal's reason, and the others their token", async () => {
    let go;
    stand.gate = () => new Promise((resolve) => (go = resolve));
    const service = open();
    const giving = new AbortController();
    const [one, two] = [service.getValidSession({ signal: giving.signal }), service.getValidSession()];
    giving.abort("enough");
    assert.equal(await caught(one), "enough");
    while (!go) await new Promise(setImmediate);
    go();
    assert.equal((await two).token, SECRET);
    assert.equal(stand.asked.length, 1);
  });

  test("as the last one ends the question, and the next one asks anew", async () => {
    let ended;
    stand.queue.push((response) => response.once("close", () => (ended = true)));
    const service = open();
    const giving = new AbortController();
    const asked = service.getValidSession({ signal: giving.signal });
    while (!stand.asked.length) await new Promise(setImmediate);
    const gone = performance.now();
    giving.abort();
    assert.equal((await caught(asked)).name, "AbortError");
    assert.equal((await service.getValidSession()).token, SECRET);
    while (!ended) await new Promise(setImmediate);
    assert.ok(performance.now() - gone < 4_000, "at once, and not with its own limit of 6 s");
  });

  test("beforehand, or while it waits to ask again, is heard", async () => {
    assert.equal(await caught(open().getValidSession({ signal: AbortSignal.abort("before") })), "before");
    assert.equal(await caught(open().getSessionStatus({ signal: AbortSignal.abort("before") })), "before");
    stand.queue.push(problem("rate_limited", 429, {}, { "retry-after": "10" }));
    const giving = new AbortController();
    const asked = open().getSessionStatus({ signal: giving.signal });
    while (!stand.asked.length) await new Promise(setImmediate);
    setTimeout(() => giving.abort("meanwhile"), 50);
    assert.equal(await caught(asked), "meanwhile");
  });
});

describe("what the Worker refuses", () => {
  test("is not asked again: a key that is not known", async () => {
    const error = await caught(open({ key: KEY.toUpperCase() }).getValidSession());
    assert.ok(error instanceof ServiceError && isServiceError(error));
    assert.deepEqual([error.code, stand.asked.length], ["ERR_SERVICE_UNAUTHORIZED", 1]);
    assert.match(error.message, /401 unauthorized.*SECRET_CALLER_<NAME>_KEY/);
  });

  test("is not asked again: a request that it does not take", async () => {
    stand.queue.push(problem("bad_request", 400, { detail: "A cookie and a key at once." }));
    const error = await caught(open().getSessionStatus());
    assert.deepEqual([error.code, stand.asked.length], ["ERR_SERVICE_REFUSED", 1]);
    assert.match(error.message, /400 bad_request: A cookie and a key at once\./);
  });
});

test("the status has every member of the contract by its own name, with durations in milliseconds", async () => {
  const status = await open().getSessionStatus();
  assert.deepEqual(Object.keys(status), Object.keys(STATUS).map((name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase())));
  assert.deepEqual([status.expiresIn, status.secrets[0]?.ageIn, status.callers[0].lastAt, status.timeLeft], [11_520_500, 86_400_000, 1_790_000_000_900, "3 h 12 min"]);
});

describe("no secret", () => {
  test("is in a log or the JSON of the service, of a session, or of an error", async () => {
    const service = open({ signingKey: `whsec_${btoa("s".repeat(32))}` });
    const session = await service.getValidSession();
    const errors = [await caught(openService({ url: stand.url, name: "broker", key: KEY.toUpperCase() }).getValidSession())];
    stand.queue.push(problem("bad_request", 400), page("text/html", KEY), page("text/html", KEY));
    errors.push(await caught(service.getSessionStatus()), await caught(open({ timeout: 100 }).refresh()));
    assert.deepEqual(errors.map(({ code }) => code), ["ERR_SERVICE_UNAUTHORIZED", "ERR_SERVICE_REFUSED", "ERR_SERVICE_NETWORK"]);
    for (const each of [service, session, ...errors]) {
      const text = inspect(each, { depth: 9, showHidden: false }) + JSON.stringify(each) + String(each);
      for (const secret of [KEY, KEY.toUpperCase(), SECRET, btoa("s".repeat(32))]) assert.ok(!text.includes(secret), text);
    }
    assert.match(inspect(session), /expiresIn/, "the rest is there to be read");
  });
});

describe("an option that is wrong is named, with what came and what is accepted, and never a secret:", () => {
  const good = { url: "https://app.example.com", name: "broker", key: KEY };
  for (const [what, options, says] of /** @type {[string, any, RegExp][]} */ ([
    ["no options", undefined, /url is to be https:.*came is undefined/],
    ["an odd one", { ...good, baseUrl: "x" }, /no option "baseUrl".*url,name,key,signingKey,timeout,fetch/],
    ["http on another host", { ...good, url: "http://app.example.com" }, /url is to be https:.*"http:\/\/app\.example\.com"/],
    ["a host that looks local", { ...good, url: "http://127.0.0.1.example.com" }, /url is to be/],
    ["a user in it", { ...good, url: "https://a:b@app.example.com" }, /url is to be/],
    ["a name with a path in it", { ...good, name: "broker/../x" }, /name is to be.*letters/],
    ["a short key", { ...good, key: "canary-short" }, /key is to be the caller's key: 32 characters.*string of 12 characters$/],
    ["a key with its scheme", { ...good, key: `Bearer ${KEY}` }, /no "Bearer"/],
    ["a key with a line break", { ...good, key: `${KEY}\n` }, /no space/],
    ["a signing key that is no base64", { ...good, signingKey: "whsec_canary-not-base64-canary-not-base64" }, /signingKey is to be "whsec_".*string of 41 characters/],
    ["a signing key that is short, in a list", { ...good, signingKey: [btoa("s".repeat(32)), btoa("canary")] }, /signingKey.*24 bytes/],
    ["a timeout in words", { ...good, timeout: "5s" }, /timeout is to be milliseconds.*"5s"/],
    ["no time at all", { ...good, timeout: 0 }, /timeout.*0$/],
    ["a fetch that is none", { ...good, fetch: {} }, /fetch is to be a function.*\{\}/],
  ])) {
    test(what, () => {
      assert.throws(() => openService(options), (error) => {
        assert.equal(error.code, "ERR_SERVICE_CONFIG");
        assert.match(error.message, says);
        assert.doesNotMatch(error.message, /canary|0123456789/);
        return true;
      });
    });
  }
  for (const url of ["https://app.example.com", "https://app.example.com/under/", "http://localhost:8787", "http://127.0.0.1", "http://[::1]:1/"]) {
    test(`and ${url} is taken`, () => void openService({ ...good, url }));
  }
});
