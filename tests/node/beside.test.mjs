// A Worker on a sibling host of the page's: where everything goes, and that it leads back here.

import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { inside, message } from "./inside.mjs";
import { settled, World } from "./world.mjs";

const { beside, call, diagnosis } = inside;
const APP = "https://app.example";
const EDGE = "https://auth.example";

/** A tab of a world whose Worker is at another origin; what it asked and where its page went. */
async function opened(world, ask = (path, ...question) => world.ask(path.replace(EDGE, ""), ...question)) {
  const seen = { asked: [], went: [] };
  const platform = {
    ask(path, signal, body, method) {
      seen.asked.push([path, body?.()]);
      return ask(path, signal, body, method);
    },
    page: { base: () => `${APP}/`, here: () => `${APP}/orders?page=2#last`, hidden: () => false },
    socket: () => ({ open: () => {}, close: () => {} }),
  };
  const tab = await world.opened({ events: false }, beside.beside(platform, `${EDGE}/`, (href) => seen.went.push(href)));
  return { session: tab.session, ...seen };
}

describe("a Worker at another origin", () => {
  let world;
  beforeEach(() => {
    world = new World();
  });

  test("is asked there, and told to lead back to this origin", async () => {
    const { session, asked } = await opened(world);
    assert.equal(session.state, "active");
    assert.equal(asked[0][0], `${EDGE}/auth/session`);
    await session.refresh();
    assert.equal(asked.at(-1)[0], `${EDGE}/auth/token`);
    assert.ok(!("return_to" in asked.at(-1)[1]), "nothing is added to what does not lead back");
    await session.logout({ returnTo: "/bye?x=1#y" });
    const [path, body] = asked.at(-1);
    assert.deepEqual([path, body], [`${EDGE}/auth/logout`, { v: 1, return_to: `${APP}/bye?x=1#y` }]);
  });

  test("has the page come to it, and back", async () => {
    world.state = "logged_out";
    const { session, went } = await opened(world);
    await session.login({ returnTo: "/orders?a=/auth/login?return_to=x", provider: "demo" });
    await settled();
    const there = new URL(went.at(-1));
    assert.deepEqual([there.origin, there.pathname], [EDGE, "/auth/login"]);
    assert.equal(there.searchParams.get("return_to"), `${APP}/orders?a=/auth/login?return_to=x`);
    assert.equal(there.searchParams.get("provider"), "demo");
    const error = await session.login({ returnTo: "https://evil.example/" }).catch((caught) => caught);
    assert.equal(error.code, "ERR_SESSION_CONFIG", "no other origin is led back to");
  });

  test("is where the page goes on to be logged out at the authorization server", async () => {
    world.endSession = true;
    const { session, went } = await opened(world);
    await session.logout();
    await settled();
    assert.equal(went.at(-1), `${EDGE}${message("logout_response_end_session").end_session}`);
  });

  test("gets calls that are for it, with its cookie, and no other address does", async () => {
    const upstreams = [{ name: "orders", origin: "https://api.example", path: "/v1", vault: "login", mode: "bff" }];
    const to = (address, edge) => call.route(call.addressOf(address, APP, APP), APP, upstreams, edge)?.[0];
    assert.equal(to("https://api.example/v1/list?page=2", EDGE), `${EDGE}/api/orders/list?page=2`);
    assert.equal(to("/api/orders/list?page=2#x", EDGE), `${EDGE}/api/orders/list?page=2`);
    assert.equal(to(`${EDGE}/api/orders/list`, EDGE), `${EDGE}/api/orders/list`);
    for (const other of [`${EDGE}/auth/token`, "https://evil.example/api/orders", `${EDGE}.evil.example/api/orders`, "/orders"]) assert.equal(to(other, EDGE), undefined, other);
    assert.equal(to("/api/orders/list"), `${APP}/api/orders/list`, "without one it is this origin");
    assert.equal(to(`${EDGE}/api/orders/list`), undefined);
    for (const [edge, mode] of [[EDGE, "cors"], [undefined, "same-origin"]]) {
      const ways = [];
      call.viaWorker({ transmit: (...given) => ways.push(given) }, `${EDGE}/api/orders`, 7, edge);
      assert.deepEqual(ways, [[`${EDGE}/api/orders`, [["everlit-version", "1"], ["everlit-epoch", "7"]], { mode, credentials: "include" }]]);
    }
  });

  test("that does not know this page is told of as that, and later on it is the network", async (context) => {
    let answer = () => Promise.reject(new TypeError("refused"));
    // A page whose policy forbids nothing, as no event says so; and a browser that lets it read nothing.
    const page = { location: new URL(`${APP}/`), document: new EventTarget(), self: globalThis, top: globalThis, fetch: () => answer() };
    for (const [name, value] of Object.entries(page)) {
      const before = Object.getOwnPropertyDescriptor(globalThis, name);
      context.after(() => (before ? Object.defineProperty(globalThis, name, before) : delete globalThis[name]));
      Object.defineProperty(globalThis, name, { value, configurable: true });
    }
    const { session } = await opened(world, diagnosis.diagnose());
    const until = async (state) => {
      for (const end = Date.now() + 5_000; session.state !== state && Date.now() < end; ) await new Promise((resolve) => setTimeout(resolve, 10));
      assert.equal(session.state, state);
    };
    await until("degraded");
    const { code, title, detail } = session.problem;
    assert.deepEqual([code, title], ["not_found", "There is no Everlit Worker at baseUrl."]);
    assert.equal(detail, `GET ${EDGE}/auth/session got no answer: ${APP} is to be one of its APP_ORIGINS`);
    answer = async () => Response.json(message("session_reauth_required"));
    await world.pass(60_000);
    await until("reauth-required");
    answer = () => Promise.reject(new TypeError("refused"));
    session.stop();
    session.start();
    await until("degraded");
    assert.equal(session.problem, undefined);
  });

  test("is listened to there", () => {
    const wanted = [];
    const { socket } = beside.beside({ ask: () => {}, page: { base: () => `${APP}/` }, socket: (...given) => wanted.push(given) }, new URL(EDGE));
    const heard = {};
    socket(heard);
    assert.deepEqual(wanted, [[heard, EDGE]]);
  });
});
