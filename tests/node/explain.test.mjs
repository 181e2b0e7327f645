// What is wrong is said in words: options, and what keeps a session from being opened.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { inside, message } from "./inside.mjs";
import { failure } from "./world.mjs";

const { check } = inside.options;
const { diagnose } = inside.diagnosis;
const { load } = inside.load;
const ORIGIN = "https://app.example";
const before = new Map();

/** Puts something in the place of a global until the test is over. */
function replace(name, value) {
  if (!before.has(name)) before.set(name, Object.getOwnPropertyDescriptor(globalThis, name));
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}

/** What the page's policy says. */
let violations;

/** A page at this address. */
function page(href, { vendor = "", top = globalThis, isSecureContext = true, cookies = true } = {}) {
  const { origin, protocol } = new URL(href);
  replace("location", { origin, protocol, href });
  violations = new EventTarget();
  let kept = "theme=dark";
  replace("document", Object.defineProperty(Object.assign(violations, { baseURI: href }), "cookie", { get: () => kept, set: (cookie) => cookies && (kept = `${kept}; ${cookie}`) }));
  replace("navigator", { vendor });
  replace("self", globalThis);
  replace("top", top);
  replace("isSecureContext", isSecureContext);
}
beforeEach(() => page(`${ORIGIN}/orders`));
afterEach(() => {
  for (const [name, descriptor] of before) {
    if (descriptor) Object.defineProperty(globalThis, name, descriptor);
    else delete globalThis[name];
  }
  before.clear();
});

describe("options", () => {
  test("are accepted as they are documented", async () => {
    const { signal } = new AbortController();
    const all = { wasm: new URL(ORIGIN), signal, lead: 0, idle: { lapse: 1, prompt: 2 }, maintenance: 60_000, healthCheck: 9e12, retry: () => false, silent: ["frame", "popup", "redirect"], events: false };
    for (const options of [{}, all, ...Object.entries(all).map(([name, value]) => ({ [name]: value })), { lead: undefined, idle: {} }, { silent: [] }, { wasm: "/x.wasm" }]) await check(options);
  });

  const ms = "a number of milliseconds, 0 or more";
  const cyclic = {};
  cyclic.self = cyclic;
  for (const [options, said] of [
    [null, "openSession() takes an object with options, not null (null)"],
    ["x", 'openSession() takes an object with options, not "x" (string)'],
    [7, "openSession() takes an object with options, not 7"],
    [{ wasm: "" }, 'wasm is "" (string); accepted is the address of everlit.wasm, a Response that carries it, or a WebAssembly.Module'],
    [{ signal: {} }, "signal is {} (object); accepted is an AbortSignal"],
    [{ lead: "5s" }, `lead is "5s" (string); accepted is ${ms}`],
    [{ lead: NaN }, `lead is NaN; accepted is ${ms}`],
    [{ lead: null }, `lead is null (null); accepted is ${ms}`],
    [{ maintenance: -1 }, `maintenance is -1; accepted is ${ms}`],
    [{ healthCheck: Infinity }, `healthCheck is Infinity; accepted is ${ms}`],
    [{ healthCheck: 1n }, `healthCheck is 1 (bigint); accepted is ${ms}`],
    [{ idle: 5 }, "idle is 5; accepted is an object with lapse and prompt, both optional"],
    [{ idle: null }, "idle is null (null); accepted is an object with lapse and prompt, both optional"],
    [{ idle: { lapse: "15" } }, `idle.lapse is "15" (string); accepted is ${ms}`],
    [{ idle: { promt: 1 } }, 'there is no option "idle.promt"; is idle.prompt meant?'],
    [{ retry: 3 }, "retry is 3; accepted is a function of (failure, attempt) that gives milliseconds, false or nothing"],
    [{ silent: "frame" }, 'silent is "frame" (string); accepted is a list of "frame", "popup" and "redirect"'],
    [{ silent: ["iframe"] }, 'silent is ["iframe"] (array); accepted is a list of "frame", "popup" and "redirect"'],
    [{ events: 1 }, "events is 1; accepted is true or false"],
    [{ events: cyclic }, "events is [object Object] (object); accepted is true or false"],
    [{ Lead: 1 }, 'there is no option "Lead"; is lead meant?'],
    [{ healthcheck: 1 }, 'there is no option "healthcheck"; is healthCheck meant?'],
    [{ slient: ["popup"] }, 'there is no option "slient"; is silent meant?'],
    [{ redirectUri: "/auth" }, 'there is no option "redirectUri"; there are wasm, signal, lead, idle, idle.lapse, idle.prompt, maintenance, healthCheck, retry, silent, events, baseUrl, reauthOrigins'],
    [{ baseUrl: "/auth" }, `baseUrl is "/auth" (string); accepted is the Worker's origin`],
    [{ baseUrl: "https://auth.example/x" }, `baseUrl is "https://auth.example/x" (string); accepted is the Worker's origin`],
  ]) {
    test(`that are wrong are named: ${said.slice(0, 70)}`, async () => {
      const error = await failure(check(options));
      assert.deepEqual([error.code, error.message], ["ERR_SESSION_CONFIG", `config: ${said}`]);
    });
  }
});

describe("an explanation that fails itself", () => {
  test("leaves the error that was to be explained", async () => {
    // Without a document there is no base for addresses, which only the explanation asks for.
    replace("document", undefined);
    replace("fetch", async () => { throw new TypeError("the network is gone"); });
    const error = await failure(load("/everlit.wasm"));
    assert.deepEqual([error.name, error.code, error.message, error.cause.message], ["SessionError", "ERR_SESSION_LOAD", "load: the Wasm module", "the network is gone"]);
  });
});

describe("a Wasm module that does not load", () => {
  const own = ": the Wasm module: ";
  const there = "leave out the option wasm, or see that everlit.wasm is there$";
  for (const [words, answer, said, href, wasm] of [
    ["is not there", () => new Response("", { status: 404 }), `${ORIGIN}/everlit.wasm did not bring one \\(CompileError: .*\\): ${there}`],
    ["is the app's own page", () => new Response("<!doctype html>", { headers: { "content-type": "text/html" } }), `did not bring one \\(CompileError: .*\\): ${there}`],
    ["cannot be fetched", () => Promise.reject(new TypeError("x")), `did not bring one \\(TypeError: x\\): ${there}`],
    ["is of an origin that does not let it be read", () => Promise.reject(new TypeError("x")), "Access-Control-Allow-Origin: https://app.example", undefined, "https://cdn.example/everlit.wasm"],
    ["is mixed content", () => Promise.reject(new TypeError("x")), "http, which the browser does not load \\(mixed content\\)", undefined, "http://cdn.example/everlit.wasm?secret=1"],
    ["is broken", () => new Response(new Uint8Array([0, 97, 115, 109, 9, 9])), "did not bring one \\(CompileError: "],
    ["was given as something else", () => assert.fail(), "what was given as the option wasm is none", undefined, new Response("x")],
  ]) {
    test(`because it ${words}: that is said`, async () => {
      if (href) page(href);
      replace("fetch", async () => answer());
      const error = await failure(load(wasm ?? "/everlit.wasm"));
      assert.equal(error.code, "ERR_SESSION_LOAD");
      assert.match(error.message, new RegExp(`^load${own}.*${said}`));
      assert.doesNotMatch(error.message, /secret/);
      assert.ok(error.cause);
    });
  }

  test("because the script that it is in was changed on its way: that is said", async () => {
    const { wasm } = inside.explain;
    const said = await wasm(": the Wasm module", undefined, new WebAssembly.CompileError("expected magic word"));
    assert.equal(said, ": the Wasm module in everlit.js does not compile (CompileError: expected magic word): that file is to be served as it is, and read as UTF-8");
  });

  for (const [engine, said] of [
    ["Chromium", "WebAssembly.compile(): Compiling or instantiating WebAssembly module violates the following Content Security policy directive because neither 'wasm-eval' nor 'unsafe-eval' is an allowed source of script"],
    ["Firefox", "call to WebAssembly.compile() blocked by CSP"],
    ["WebKit", "Refused to create a WebAssembly object because 'unsafe-eval' or 'wasm-unsafe-eval' is not an allowed source of script in the following Content Security Policy directive"],
  ]) {
    test(`because a policy forbids it, as ${engine} puts it: that is said`, async () => {
      const { wasm } = inside.explain;
      assert.equal(await wasm(": short", "/everlit.wasm", new WebAssembly.CompileError(said)), ": short: the page's Content-Security-Policy forbids WebAssembly: add 'wasm-unsafe-eval' to its script-src");
    });
  }
});

describe("a page that can have no session", () => {
  const { signal } = new AbortController();
  const asked = async (answer, path = "/auth/session", ask = diagnose()) => {
    replace("fetch", async () => answer);
    const given = await ask(path, signal);
    const { numbers } = inside.wire.readSession(given, 0);
    return { problem: inside.wire.problemOf(given), kind: inside.abi.SessionKind[numbers[0]] };
  };
  const htmlPage = { headers: { "content-type": "text/html" } };
  const loggedOut = () => Response.json(message("session_logged_out"));

  for (const [words, answer, said] of [
    ["an app's own page", () => new Response("<!doctype html>", htmlPage), "was answered with something else, as of an app's own page"],
    ["a 404", () => new Response("", { status: 404 }), "was answered 404"],
    ["another server's 404", () => Response.json({ error: "no such route" }, { status: 404 }), "was answered 404"],
    ["a redirect", () => ({ status: 0, type: "opaqueredirect", headers: new Headers(), json: () => Promise.reject(new SyntaxError()) }), "was sent elsewhere (a redirect)"],
  ]) {
    test(`because there is no Worker but ${words}: that is said, and asked again as ever`, async () => {
      const { problem, kind } = await asked(answer());
      assert.deepEqual([problem.code, problem.title, kind], ["not_found", "There is no Everlit Worker at this page's origin.", "Failed"]);
      assert.ok(problem.detail.startsWith(`GET ${ORIGIN}/auth/session ${said}: route /auth and /api`), problem.detail);
    });
  }

  for (const [words, where, said] of [
    ["it is in a frame of another site", [`${ORIGIN}/`, { top: {} }], "in a frame of another site"],
    ["it is no secure context", ["http://app.example/", { isSecureContext: false, cookies: false }], "http://app.example is no secure context"],
    ["the browser is set to keep no cookies", [`${ORIGIN}/`, { cookies: false }], `set to keep no cookies for ${ORIGIN}: allow them`],
    ["WebKit keeps no Secure cookie over http", ["http://localhost:8787/", { vendor: "Apple Computer, Inc.", cookies: false }], "(WebKit) keeps no Secure cookie over http"],
  ]) {
    test(`because ${words}: that is said, and nobody is logged in`, async () => {
      page(...where);
      const { problem, kind } = await asked(loggedOut());
      assert.deepEqual([problem.code, problem.title, kind], ["misconfigured", "The browser keeps no session cookie for this page.", "LoggedOut"]);
      assert.ok(problem.detail.includes(said), problem.detail);
    });
  }

  /** What a page under this policy is answered: an event says why, in a turn of its own. */
  const forbidden = (path) => async (address) => {
    const { href } = new URL(address, ORIGIN);
    if (!href.startsWith(ORIGIN + path)) return assert.fail(href);
    setTimeout(() => violations.dispatchEvent(Object.assign(new Event("securitypolicyviolation"), { effectiveDirective: "connect-src", blockedURI: href })));
    throw new TypeError("Failed to fetch");
  };

  test("because its policy lets nobody ask the Worker: that is said, and tried once", async () => {
    let tries = 0;
    const refuse = forbidden("/auth/session");
    replace("fetch", (...asked) => ((tries += 1), refuse(...asked)));
    for (const expected of [2, 3]) {
      const { code, title, detail } = inside.wire.problemOf(await diagnose()("/auth/session", signal));
      assert.deepEqual([code, title], ["misconfigured", "The page's Content-Security-Policy lets nobody ask the Worker."]);
      assert.equal(detail, `connect-src does not allow ${ORIGIN}/auth/session: add 'self' to it`);
      assert.equal(tries, expected);
    }
  });

  test("because its policy does not let the module be fetched: that is said", async () => {
    replace("fetch", forbidden("/forbidden.wasm"));
    const error = await failure(load("/forbidden.wasm?secret=1"));
    assert.equal(error.message, `load: the Wasm module: the page's Content-Security-Policy does not let ${ORIGIN}/forbidden.wasm be fetched: add 'self' to its connect-src`);
  });

  test("and has no network is not told anything else, nor is who gave up", async () => {
    page("https://offline.example/");
    let tries = 0;
    replace("fetch", async () => {
      tries += 1;
      throw new TypeError("Failed to fetch");
    });
    assert.deepEqual(await diagnose()("/auth/session", signal), { status: 0, retryAfter: NaN });
    assert.equal(tries, 2);
    assert.deepEqual(await diagnose()("/auth/session", AbortSignal.abort()), { status: 0, retryAfter: NaN });
    assert.equal(tries, 3, "nobody looks for a reason");
  });

  for (const [words, first, path] of [
    ["said where it stands", () => Response.json(message("session_active"))],
    ["gave a token", () => Response.json(message("token_response")), "/auth/token"],
    ["was sick", () => Response.json(message("problem_misconfigured"), { status: 503 })],
  ]) {
    test(`is none of those to which a Worker ${words} before, whatever stands in between now`, async () => {
      const ask = diagnose();
      await asked(first(), path, ask);
      for (const answer of [new Response("<!doctype html>", htmlPage), new Response("", { status: 404 }), new Response("", { status: 511, ...htmlPage })]) {
        assert.deepEqual(await asked(answer, undefined, ask), { problem: undefined, kind: "Failed" });
      }
      page(...["http://app.example/", { isSecureContext: false, cookies: false }]);
      assert.equal((await asked(loggedOut(), undefined, ask)).problem.code, "misconfigured", "why nobody is logged in is said all the same");
    });
  }

  test("is not taken for one that can", async () => {
    assert.deepEqual(await asked(loggedOut()), { problem: undefined, kind: "LoggedOut" });
    page("http://localhost:8787/", { vendor: "Google Inc." });
    assert.deepEqual(await asked(loggedOut()), { problem: undefined, kind: "LoggedOut" });
    page(`${ORIGIN}/`, { top: { location: { origin: ORIGIN } } });
    assert.deepEqual(await asked(loggedOut()), { problem: undefined, kind: "LoggedOut" });
    page("http://app.example/", { top: {}, isSecureContext: false });
    assert.deepEqual(await asked(Response.json(message("session_active"))), { problem: undefined, kind: "Active" });
    for (const status of [500, 502, 503, 429]) assert.deepEqual(await asked(new Response("", { status, ...htmlPage })), { problem: undefined, kind: "Failed" }, "a Worker that is sick");
    const { problem } = await asked(Response.json(message("problem_misconfigured"), { status: 503 }));
    assert.equal(problem.title, message("problem_misconfigured").title, "what the Worker says itself stays");
    assert.equal((await asked(new Response("", { status: 404 }), "/auth/token")).problem, undefined);
  });
});
