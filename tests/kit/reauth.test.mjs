// What an app's own tests can play of the human path, with `everlit/testing`, `everlit/reauth` and `everlit/fallback` as they are packed.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isSessionError } from "everlit";
import { sourceOf } from "everlit/fallback";
import { reauth } from "everlit/reauth";
import { createTestSession } from "everlit/testing";

const VAULT = "service:breeze";
async function desk(options) {
  const kit = await createTestSession({ upstreams: [{ name: "quotes", service: "breeze" }, "orders"], ...options });
  kit.respond("/list", [{ id: 7 }]);
  return { kit, people: reauth(kit.session) };
}

describe("a dialog under test", () => {
  test("is asked for by a call that waits, says what is wrong, and lets it go on", async () => {
    const { kit, people } = await desk();
    await kit.needService("breeze", { title: "ICICI Breeze", accepts: "right" });
    const call = kit.session.fetch("/api/quotes/list");
    await kit.settle();
    const [asked] = people.asked;
    assert.deepEqual([asked.title, asked.how, asked.open, asked.waiting, asked.since], ["ICICI Breeze", ["popup", "paste"], true, 1, kit.now]);
    await people.submit(VAULT, "wrong");
    assert.equal(people.asked[0].problem.kind, "foreign");
    await people.submit(VAULT, "right");
    assert.deepEqual(await (await call).json(), [{ id: 7 }]);
    assert.equal(people.asked[0].phase, "done");
    await kit.advance("2s");
    assert.deepEqual(people.asked, []);
    assert.equal(kit.calls.length, 1, "nothing twice");
    assert.equal((await kit.session.fetch("/api/orders/list")).status, 200, "all else never waited");
    kit.close();
  });

  test("is cancelled, and nothing is sent", async () => {
    const { kit, people } = await desk();
    await kit.needService("breeze");
    const call = kit.session.fetch("/api/quotes/list").catch((error) => error);
    await kit.settle();
    people.cancel(VAULT);
    const error = await call;
    assert.ok(isSessionError(error));
    assert.deepEqual([error.code, kit.calls.length], ["ERR_SESSION_CANCELLED", 0]);
    kit.close();
  });

  test("closes in all tabs when somebody logged in, in a popup or elsewhere", async () => {
    const { kit, people } = await desk();
    const other = await kit.openTab();
    const others = reauth(other.session);
    await kit.needService("breeze");
    const calls = [kit, other].map(({ session }) => session.fetch("/api/quotes/list"));
    await kit.settle();
    assert.ok(people.openLogin(VAULT));
    assert.deepEqual([kit.popups, people.asked[0].phase, others.asked[0].phase], [["/service/breeze/login"], "popup", "asking"]);
    await kit.loginService("breeze");
    assert.deepEqual((await Promise.all(calls)).map(({ status }) => status), [200, 200]);
    assert.deepEqual([people.asked[0].phase, others.asked[0].phase], ["done", "done"]);
    kit.close();
  });

  test("knows of popups that are blocked or closed, of a hidden tab, and of no network", async () => {
    const { kit, people } = await desk();
    await kit.hide();
    await kit.needService("breeze");
    const call = kit.session.fetch("/api/quotes/list");
    await kit.settle();
    assert.equal(people.asked[0].open, false);
    await kit.advance("1h");
    await kit.show();
    assert.equal(people.asked[0].open, true);
    kit.blockPopups();
    assert.equal(people.openLogin(VAULT), null);
    assert.equal(people.asked[0].problem.kind, "popup-blocked");
    kit.blockPopups(false);
    people.openLogin(VAULT);
    await kit.cancelLogin();
    assert.equal(people.asked[0].problem.kind, "popup-closed");
    await kit.offline();
    await people.submit(VAULT, "any");
    assert.equal(people.asked[0].problem.kind, "offline");
    await kit.online();
    await people.submit(VAULT, "any");
    assert.equal((await call).status, 200);
    kit.close();
  });

  test("shows who may do nothing that somebody was called", async () => {
    const { kit, people } = await desk();
    await kit.needService("breeze", { who: "operator" });
    const call = kit.session.fetch("/api/quotes/list");
    await kit.settle();
    assert.deepEqual([people.asked[0].who, people.asked[0].how], ["operator", []]);
    await people.submit(VAULT, "any");
    assert.equal(people.asked[0].problem.kind, "forbidden");
    await kit.loginService("breeze");
    assert.equal((await call).status, 200);
    kit.close();
  });

  test("is there for the login of the session itself", async () => {
    const { kit, people } = await desk({ user: { sub: "1", name: "Ada" } });
    await kit.needHuman();
    await kit.advance("10m");
    const call = kit.session.fetch("/api/orders/list");
    await kit.settle();
    assert.deepEqual([people.asked[0].vault, people.asked[0].how], ["login", ["popup", "redirect"]]);
    assert.ok(people.openLogin("login"));
    await kit.loginAs({ sub: "1", name: "Ada" });
    assert.equal((await call).status, 200);
    kit.close();
  });

  test("has its mistakes named", async () => {
    const { kit } = await desk();
    await assert.rejects(kit.needService("breze"), /needService: "breze".*it takes the service of an upstream: breeze/);
    await assert.rejects(kit.needService("breeze", { ways: [] }), /there is no option "ways"/);
    await assert.rejects(kit.needService("breeze", { how: ["letter"] }), /how is \["letter"\]/);
    kit.close();
  });
});

test("a fallback answers meanwhile, and says so", async () => {
  const { kit } = await desk();
  await kit.needService("breeze");
  const told = [];
  kit.session.addEventListener("sourcechange", ({ detail }) => told.push(detail.source));
  const answer = await kit.session.fetch("/api/quotes/list", { fallback: [() => Response.json([{ id: "old" }])] });
  assert.deepEqual(await answer.json(), [{ id: "old" }]);
  assert.deepEqual([sourceOf(answer).name, sourceOf(answer).reason, told], ["fallback", "reauth", ["fallback"]]);
  assert.ok(kit.requests.some(({ path }) => path === "/service/breeze/fallback"));
  await kit.loginService("breeze");
  await kit.advance("1m");
  assert.deepEqual(told, ["fallback", "primary"]);
  kit.close();
});
