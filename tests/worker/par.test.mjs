import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";

import { clientKey, withKey } from "./support/client-key.mjs";
import { authorize, logIn } from "./support/person.mjs";
import { begin, enter, startScriptedStack } from "./support/scripted-stack.mjs";
import { assertNothingLeaked } from "./support/secrets.mjs";
import { BINDING_COOKIE, SESSION_COOKIE, startStack } from "./support/stack.mjs";

/** @typedef {import("everlit-tests-servers").Options} ServerOptions */

/** @param {Partial<ServerOptions>} server @param {Record<string, unknown>} provider @param {(stack: Awaited<ReturnType<typeof startStack>>, visits: string[]) => Promise<void>} run */
async function against(server, provider, run) {
  /** @type {string[]} */
  const visits = [];
  const change = (/** @type {any} */ given) => ({ ...given, PROVIDER_DEMO: { ...given.PROVIDER_DEMO, ...provider } });
  const stack = await startStack({ change, server: { ...server, onVisit: (path) => visits.push(path) } });
  try {
    await run(stack, visits);
  } finally {
    await stack.close();
  }
}

const pushes = (/** @type {string[]} */ visits) => visits.filter((path) => path === "/request").length;

describe("oidc-provider", { concurrency: 2 }, () => {
  test("that offers it gets the request pushed, and a request_uri in the URL only", () => against({ par: "offered" }, {}, async (stack, visits) => {
    const browser = stack.browser();
    const redirect = await browser.navigate("/auth/login?return_to=/orders", { site: "same-origin" });
    const sent = new URL(redirect.headers.location ?? "");
    assert.deepEqual([...sent.searchParams.keys()].sort(), ["client_id", "request_uri"]);
    const callback = await authorize(browser, { begin: redirect });
    assert.equal((await browser.navigate(callback, { site: "cross-site" })).status, 200);
    assert.equal((await browser.call("/auth/session")).json.state, "active");
    assert.equal(pushes(visits), 1);

    // Used once: the same name of a request opens nothing again, and the next login has its own.
    const again = await browser.navigate(sent, { site: "cross-site" });
    const back = new URL(again.headers.location ?? "");
    assert.deepEqual([back.origin, back.searchParams.get("error")], [stack.app, "invalid_request_uri"]);
    const page = await browser.navigate(back, { site: "cross-site" });
    assert.equal(page.status, 400, page.text);
    assert.match(page.text, /href="\/auth\/login\?provider=demo/);
    await logIn(browser);
    assert.equal(pushes(visits), 2);
  }));

  test("that takes nothing else gets it, with a refresh token for it", () => against({ par: "required" }, {}, async (stack, visits) => {
    const browser = stack.browser();
    assert.equal((await logIn(browser)).status, 200);
    assert.equal(pushes(visits), 1);
  }));

  test("that takes nothing else is not asked where the configuration says never", () => against({ par: "required" }, { par: "never" }, async (stack) => {
    const browser = stack.browser();
    assert.equal((await browser.navigate("/auth/login", { site: "same-origin" })).status, 502);
    assert.equal(stack.workerd.log.findLast((line) => line.event === "login_not_begun")?.reason, "the provider takes pushed authorization requests only");
  }));

  test("that offers it is asked through the browser where the configuration says never", () => against({ par: "offered" }, { par: "never" }, async (stack, visits) => {
    assert.equal((await logIn(stack.browser())).status, 200);
    assert.equal(pushes(visits), 0);
  }));

  test("that cannot do it begins no login where it is required", () => against({ par: "never" }, { par: "required" }, async (stack) => {
    const page = await stack.browser().navigate("/auth/login", { site: "same-origin" });
    assert.deepEqual([page.status, page.headers["set-cookie"]], [502, undefined]);
    assert.equal(stack.workerd.log.findLast((line) => line.event === "login_not_begun")?.reason, "the provider takes no pushed authorization requests");
  }));

  for (const method of /** @type {const} */ (["client_secret_post", "private_key_jwt"])) {
    test(`gets it from a client with ${method}`, async () => {
      const key = await clientKey("ES256");
      const provider = { client_auth: method };
      const change = method === "private_key_jwt" ? withKey(key) : (/** @type {any} */ given) => ({ ...given, PROVIDER_DEMO: { ...given.PROVIDER_DEMO, ...provider } });
      const clientAuth = method === "private_key_jwt" ? { method, jwks: { keys: [key.jwk] } } : { method };
      const stack = await startStack({ change, server: { par: "required", clientAuth } });
      try {
        assert.equal((await logIn(stack.browser())).status, 200);
      } finally {
        await stack.close();
      }
    });
  }
});

describe("a scripted server", () => {
  /** @type {import("./support/scripted-stack.mjs").ScriptedStack} */ let stack;
  before(async () => { stack = await startScriptedStack(); });
  after(() => stack?.close());
  beforeEach(() => {
    stack.as.metadata = { pushed_authorization_request_endpoint: `${stack.as.issuer}/par`, authorization_response_iss_parameter_supported: true };
    stack.as.onPushed = () => undefined;
  });

  test("gets every parameter once, and the client's secret beside them", async () => {
    const { request } = await begin(stack, stack.browser());
    const [form] = stack.as.forms("/par").slice(-1);
    assert.deepEqual([form?.get("state"), form?.get("response_type"), form?.get("code_challenge_method")], [request.state, "code", "S256"]);
    const names = [...(form?.keys() ?? [])];
    assert.equal(new Set(names).size, names.length);
    assert.ok(!names.includes("request_uri"));
    assert.match(stack.as.heard("/par").at(-1)?.headers.authorization ?? "", /^Basic /);
    await enter(stack);
  });

  for (const [name, given] of /** @type {[string, import("./support/scripted-server.mjs").Given][]} */ ([
    ["400", { status: 400, json: { error: "invalid_request", error_description: "canary" } }],
    ["401", { status: 401, json: { error: "invalid_client" } }],
    ["503", { status: 503, body: "canary" }],
    ["a page", { headers: { "content-type": "text/html" }, body: "<h1>canary</h1>" }],
    ["no request_uri", { status: 201, json: { expires_in: 60 } }],
    ["a redirect", { status: 307, headers: { location: "/par-elsewhere" } }],
    ["half an answer", { status: 201, headers: { "content-type": "application/json" }, body: "{\"request_uri\": \"urn:canary", cut: true }],
  ])) {
    test(`that answers it with ${name} ends the login in a page, once`, async () => {
      stack.as.onPushed = () => given;
      const [before, browser] = [stack.as.hits("/par"), stack.browser()];
      const page = await browser.navigate("/auth/login?return_to=/cart", { site: "same-origin" });
      assert.equal(page.status, 502, page.text);
      assert.match(page.text, /href="\/auth\/login\?provider=demo&amp;return_to=%2Fcart"/);
      assert.doesNotMatch(page.text, /canary|http-equiv/);
      assert.equal(page.headers.location, undefined);
      assert.deepEqual([browser.cookie(SESSION_COOKIE), browser.cookie(BINDING_COOKIE)], [undefined, undefined]);
      assert.deepEqual([stack.as.hits("/par") - before, stack.as.hits("/par-elsewhere")], [1, 0]);
      // It was nothing that lasts.
      stack.as.onPushed = () => undefined;
      await enter(stack, browser);
    });
  }

  test("that requires it and does not say where begins no login", async () => {
    const lost = await startScriptedStack();
    try {
      lost.as.metadata = { require_pushed_authorization_requests: true };
      assert.equal((await lost.browser().navigate("/auth/login", { site: "same-origin" })).status, 502);
    } finally {
      await lost.close();
    }
  });

  test("nothing secret was answered or logged", () => assertNothingLeaked(stack, stack.as.issued));
});
