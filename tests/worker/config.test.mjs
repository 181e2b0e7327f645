import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { send } from "./support/browser.mjs";
import { freePort } from "./support/ports.mjs";
import { secretText, variables } from "./support/stack.mjs";
import { OBJECTS, Workerd } from "./support/workerd.mjs";

const ROUTES = /** @type {const} */ ([["GET", "/healthz"], ["GET", "/auth/login"], ["GET", "/auth/callback/demo"], ["GET", "/auth/session"], ["POST", "/auth/token"], ["POST", "/auth/logout"], ["GET", "/api/orders"], ["GET", "/auth/nothing"]]);
const CANARY = "canary-that-was-pasted-into-the-wrong-line";

/**
 * What a Worker says of a configuration that is changed from a good one.
 *
 * @param {(given: ReturnType<typeof variables>) => Record<string, unknown>} change
 * @param {{ objects?: Record<string, string>, rotator?: boolean }} [bindings]
 */
async function answersOf(change, bindings = {}) {
  const port = await freePort();
  const given = variables({ app: `http://localhost:${port}`, issuer: "http://127.0.0.1:9", resource: "http://127.0.0.1:9", clientSecret: secretText() });
  const workerd = await Workerd.start({ port, variables: change(given), ...bindings });
  try {
    const answers = [];
    for (const [method, path] of ROUTES) answers.push(await send(`http://localhost:${port}${path}`, { method }));
    return { answers, output: workerd.output };
  } finally {
    await workerd.close();
  }
}

const WRONG = /** @type {[string, string, (given: any) => Record<string, unknown>][]} */ ([
  ["no origins", "ORIGINS", ({ ORIGINS: _, ...rest }) => rest],
  ["an origin with a path", "ORIGINS", (given) => ({ ...given, ORIGINS: [`https://${CANARY}.example/path`] })],
  ["a limit in words", "LIMITS", (given) => ({ ...given, LIMITS: { idle: CANARY } })],
  ["an unknown limit", "LIMITS", (given) => ({ ...given, LIMITS: { idel: "1d" } })],
  ["no provider", "PROVIDER_<NAME>", ({ PROVIDER_DEMO: _, ...rest }) => rest],
  ["a provider without issuer", "PROVIDER_DEMO.issuer", (given) => ({ ...given, PROVIDER_DEMO: { ...given.PROVIDER_DEMO, issuer: undefined } })],
  ["an issuer that is not encrypted", "PROVIDER_DEMO.issuer", (given) => ({ ...given, PROVIDER_DEMO: { ...given.PROVIDER_DEMO, issuer: "http://as.example" } })],
  ["a provider that is a text", "PROVIDER_DEMO", (given) => ({ ...given, PROVIDER_DEMO: CANARY })],
  ["an upstream with a path in its origin", "UPSTREAM_ORDERS.origin", (given) => ({ ...given, UPSTREAM_ORDERS: { ...given.UPSTREAM_ORDERS, origin: `https://${CANARY}.example/x` } })],
  ["a token for a page without what it is for", "UPSTREAM_ORDERS.scopes", (given) => ({ ...given, UPSTREAM_ORDERS: { ...given.UPSTREAM_ORDERS, mode: "mediating" } })],
  ["no session key", "SECRET_SESSION_KEY", ({ SECRET_SESSION_KEY: _, ...rest }) => rest],
  ["an empty session key", "SECRET_SESSION_KEY", (given) => ({ ...given, SECRET_SESSION_KEY: "" })],
  ["a session key that is none", "SECRET_SESSION_KEY", (given) => ({ ...given, SECRET_SESSION_KEY: CANARY })],
  ["a later session key that is none", "SECRET_SESSION_KEY_2", (given) => ({ ...given, SECRET_SESSION_KEY_2: CANARY })],
  ["no client key", "SECRET_DEMO_CLIENT_KEY", (given) => ({ ...given, PROVIDER_DEMO: { ...given.PROVIDER_DEMO, client_auth: "private_key_jwt" } })],
  ["a client key that is none", "SECRET_DEMO_CLIENT_KEY", (given) => ({ ...given, PROVIDER_DEMO: { ...given.PROVIDER_DEMO, client_auth: "private_key_jwt" }, SECRET_DEMO_CLIENT_KEY: `{"kty":"EC","d":"${CANARY}"}` })],
  ["no client secret", "SECRET_DEMO_CLIENT_SECRET", ({ SECRET_DEMO_CLIENT_SECRET: _, ...rest }) => rest],
]);

describe("a wrong configuration", { concurrency: 3 }, () => {
  for (const [name, variable, change] of WRONG) {
    test(`with ${name} is named on every route, and shows no value`, async () => {
      const { answers, output } = await answersOf(change);
      for (const answer of answers) {
        assert.deepEqual([answer.status, answer.json?.code, answer.headers["cache-control"]], [503, "misconfigured", "no-store"], answer.text);
        assert.ok(answer.json.detail.startsWith(`${variable}: `) || answer.json.detail.startsWith(`${variable}.`), answer.json.detail);
        assert.match(answer.json.detail, /expected /);
        assert.ok(!answer.text.includes(CANARY), answer.text);
      }
      assert.ok(!output.includes(CANARY), output);
    });
  }

  for (const binding of [...Object.keys(OBJECTS), "ROTATOR"]) {
    test(`without the binding ${binding} is named`, async () => {
      const objects = Object.fromEntries(Object.entries(OBJECTS).filter(([name]) => name !== binding));
      const { answers } = await answersOf((given) => given, { objects, rotator: binding !== "ROTATOR" });
      for (const answer of answers) assert.ok(answer.status === 503 && answer.json.detail.startsWith(binding), answer.text);
    });
  }

  test("is not found in a good one, also as texts", async () => {
    const texts = (/** @type {Record<string, unknown>} */ given) => Object.fromEntries(Object.entries(given).map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]));
    for (const change of [(/** @type {any} */ given) => given, texts]) {
      const { answers } = await answersOf(change);
      assert.equal(answers[0]?.status, 200, answers[0]?.text);
    }
  });
});

test("a provider that does not answer ends the login in a page with a way back", async () => {
  const { answers } = await answersOf((given) => given);
  const login = answers[1];
  assert.deepEqual([login?.status, login?.headers["set-cookie"]], [502, undefined]);
  assert.match(login?.text ?? "", /href="\/auth\/login\?provider=demo/);
});
