/*
 * Runs in workerd, around the real bundle: a way for tests to the Durable Objects, which have none from outside, accidents
 * that the platform has on its own account (a call that is slow, lost or delivered twice, an object that is reset), and a count
 * of what the platform puts on the bill.
 */

import { DurableObject } from "cloudflare:workers";

import Worker, { Escrow as RealEscrow, LoginDesk as Desk, SessionIndex as Index, SessionVault as Vault } from "./index.js";
import { Meter, countTimers, timersPending } from "./meter.js";
import { heard, said } from "./packed.js";

/**
 * What befalls a call, by path, so many `times`, or every time. `lose` loses the answer, `drop` the call itself; `twice` delivers
 * it twice at once, and answers with what the first or the second delivery was answered with.
 *
 * @typedef {{ delayMs?: number, lose?: boolean, drop?: boolean, twice?: "first" | "second", times?: number }} Accident
 */

/** @type {Map<string, Accident>} */
const accidents = new Map();
/** The objects that were asked something, by class: the names of some are not for tests to know. @type {Map<string, Set<string>>} */
const asked = new Map();
/** The internal request that came last, to be delivered again. @type {{ headers: [string, string][], body: string } | undefined} */
let captured;

const ROTATE = "/internal/rotate";
/** What the door does by itself, at an object: in text. */
const ITS_OWN = ["/sql", "/alarm", "/lose-alarm", "/ring", "/reset", "/counts"];
/** A timer that is not counted as one of the bundle. */
const later = globalThis.setTimeout;
countTimers();

/** The accident that befalls a call to this path now. @param {string} path */
function accident(path) {
  const found = accidents.get(path);
  if (found?.times !== undefined && --found.times <= 0) accidents.delete(path);
  return found;
}

/** @param {Request} request @param {Accident | undefined} accident @param {(request: Request) => Promise<Response>} deliver */
async function befallen(request, { delayMs = 0, lose = false, drop = false, twice } = {}, deliver) {
  let answer;
  if (drop) {
    answer = new Response(null, { status: 503 });
  } else if (twice) {
    const copy = request.clone();
    const [first, second] = await Promise.all([deliver(request), deliver(copy)]);
    answer = twice === "first" ? first : second;
  } else {
    answer = await deliver(request);
  }
  if (delayMs) await new Promise((resolve) => later(resolve, delayMs));
  return lose ? new Response(null, { status: 503 }) : answer;
}

/** @param {string} name of the class @param {any} Real */
const around = (name, Real) =>
  class extends DurableObject {
    #real;
    #meter;

    /** @param {any} state @param {any} env */
    constructor(state, env) {
      super(state, env);
      this.#meter = Meter.of(`${name} ${state.id}`, state.storage);
      this.#real = new Real(state, env);
    }

    /** @param {Request} request */
    async fetch(request) {
      const { pathname } = new URL(request.url);
      asked.set(name, (asked.get(name) ?? new Set()).add(String(this.ctx.id)));
      const { storage } = this.ctx;
      if (pathname === "/sql") return Response.json(storage.sql.exec(await request.text()).toArray());
      if (pathname === "/alarm") return Response.json(await storage.getAlarm());
      if (pathname === "/lose-alarm") return Response.json((await storage.deleteAlarm()) ?? null);
      if (pathname === "/ring") return Response.json((await storage.setAlarm(Date.now() + Number(await request.text()))) ?? null);
      if (pathname === "/reset") return Response.json(Boolean(later(() => this.ctx.abort("reset by a test"), 0)));
      if (pathname === "/counts") return Response.json(this.#meter.counts);
      this.#meter.requests += 1;
      return befallen(request, accident(pathname), (delivered) => this.#real.fetch(delivered));
    }

    alarm() {
      return this.#meter.duringAlarm(() => this.#real.alarm());
    }

    /** @param {any[]} given */
    webSocketMessage(...given) {
      this.#meter.messages += 1;
      return this.#real.webSocketMessage(...given);
    }

    /** @param {any[]} given */
    webSocketClose(...given) {
      return this.#real.webSocketClose(...given);
    }

    /** @param {any[]} given */
    webSocketError(...given) {
      return this.#real.webSocketError(...given);
    }
  };

export const Escrow = around("Escrow", RealEscrow);
export const LoginDesk = around("LoginDesk", Desk);
export const SessionIndex = around("SessionIndex", Index);
export const SessionVault = around("SessionVault", Vault);

export default {
  /** @param {Request} request @param {any} env @param {any} context */
  async fetch(request, env, context) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === ROTATE) {
      captured = { headers: [...request.headers], body: await request.clone().text() };
      return befallen(request, accident(pathname), (delivered) => Worker.fetch(delivered, env, context));
    }
    if (!pathname.startsWith("/door/")) return Worker.fetch(request, env, context);
    const path = searchParams.get("path") ?? "";
    // As after a panic: the memory of the Wasm module is not to be trusted any more.
    if (pathname === "/door/trap") return Response.json((globalThis.__worker_init_state.criticalError = true));
    if (pathname === "/door/accident") return Response.json(accidents.set(path, await request.json()).size);
    if (pathname === "/door/timers") return Response.json(timersPending());
    if (pathname === "/door/captured") return Response.json(captured ?? null);
    // The way that a vault goes: over the binding.
    if (pathname === "/door/deliver") {
      const { headers, body } = await request.json();
      const answer = await env.ROTATOR.fetch(`http://rotator${ROTATE}`, { method: "POST", headers, body });
      return Response.json({ status: answer.status, text: await answer.text() });
    }
    const binding = searchParams.get("binding") ?? "";
    const namespace = env[binding];
    // Every object of a class that was asked something in this life of the Worker.
    if (pathname === "/door/each") {
      const ids = [...(asked.get(searchParams.get("class") ?? "") ?? [])];
      return Response.json(await Promise.all(ids.map(async (id) => (await namespace.get(namespace.idFromString(id)).fetch(new Request(`http://object${path}`, { method: "POST", body: await request.clone().text() }))).json())));
    }
    // An escrow is named by the id of its vault's object, which knows no other name of its own.
    const session = () => env.SESSION_VAULT.idFromName(searchParams.get("name")).toString();
    const object = namespace.getByName(binding === "ESCROW" ? session() : searchParams.get("name"));
    const body = await request.text();
    if (ITS_OWN.includes(path)) return object.fetch(new Request(`http://object${path}`, { method: "POST", body }));
    // A host that says how it is spoken: worker/runtime/src/log.rs.
    const answer = await object.fetch(new Request(`http://${searchParams.get("host")}${path}`, { method: "POST", body: said(path, body) }));
    return answer.status === 200 ? Response.json(heard(path, await answer.arrayBuffer())) : answer;
  },
};
