/** The click on "Update": one validation, one round trip, and nothing beside them. The session, both Workers and the wire are the real ones; the broker is its stand-in. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { until } from "../worker/support/until.mjs";
import { desk } from "./support/people.mjs";
import { india } from "./support/stack.mjs";
import { openTab } from "./support/tab.mjs";

const HOLDINGS = "/api/breeze/breezeapi/api/v1/dematholdings";
const FUNDS = "/api/breeze/breezeapi/api/v1/funds";

test("from the click to what was waited for: the token is shown to the broker once, each call is made once, and nothing is asked before, between or after", async (t) => {
  const on = await desk(t, "breeze");
  const { session, people, sent } = await openTab(await on.person("ada"));
  t.after(() => session.close());
  await on.accepted();
  await on.go(india("00:05", 1));

  const order = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ transaction_type: "debit", amount: "200", segment: "FNO" }) };
  const calls = [session.fetch(HOLDINGS), session.fetch(FUNDS, order)];
  await until("a dialog for both", async () => people.asked[0]?.waiting === 2);
  const token = await on.token();
  const before = on.standIn.counters();
  sent.splice(0);
  await people.submit("service:breeze", token);
  const answers = await Promise.all(calls);
  assert.deepEqual(answers.map(({ status }) => status), [200, 200]);
  await until("the dialog is gone", async () => people.asked.length === 0);
  assert.deepEqual(sent[0], { method: "PUT", path: "/service/breeze/credential" });
  assert.deepEqual(sent.slice(1).map(({ method, path }) => `${method} ${path}`).sort(), [`GET ${HOLDINGS}`, `POST ${FUNDS}`]);

  const asked = Object.entries(on.standIn.counters()).flatMap(([route, count]) => (count === (before[route] ?? 0) ? [] : [[route, count - (before[route] ?? 0)]]));
  assert.deepEqual(Object.fromEntries(asked), {
    // The validation.
    "GET /breezeapi/api/v1/funds": 1,
    "GET /breezeapi/api/v1/dematholdings": 1,
    "POST /breezeapi/api/v1/funds": 1,
  });
});
