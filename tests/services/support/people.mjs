/**
 * People at an app: both Workers in one workerd, an authorization server that they log in at, and a broker's stand-in whose clock is that of the services
 * Worker. The clock of the sessions is the machine's.
 */

import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { startServers } from "everlit-tests-servers";

import { Browser as Visitor } from "../../servers/support/browser.mjs";
import { createClock } from "../../servers/stand-ins/clock.mjs";
import { STAND_INS } from "../../servers/stand-ins/flags.mjs";
import { Browser, send } from "../../worker/support/browser.mjs";
import { logIn } from "../../worker/support/person.mjs";
import { freePort } from "../../worker/support/ports.mjs";
import { secretText, variables } from "../../worker/support/stack.mjs";
import { until } from "../../worker/support/until.mjs";
import { BUILD as EDGE, OBJECTS } from "../../worker/support/workerd.mjs";
import { WorkerdProcess } from "../../worker/support/workerd-process.mjs";
import { BUILD, KEY, OPERATOR_KEY, SECRET, service } from "./services.mjs";
import { CLIENT, india, people } from "./stack.mjs";

const BUNDLE = ["index.js", "index_bg.wasm"];

/** @typedef {Awaited<ReturnType<typeof desk>>} Desk */
/** @typedef {Awaited<ReturnType<Desk["person"]>>} Person */

/**
 * A trading desk.
 *
 * @param {{ after: (end: () => Promise<void>) => void }} t
 * @param {import("./stack.mjs").Name} provider
 * @param {{ choices?: object, more?: object, edge?: Record<string, unknown>, upstream?: object, variables?: Record<string, unknown>, server?: object }} [how]
 * the stand-in's, the service's, the edge Worker's variables, its upstream, the services Worker's variables, and the authorization server's
 */
export async function desk(t, provider, { choices = {}, more = {}, edge = {}, upstream = {}, variables: own = {}, server = {} } = {}) {
  const { folder, port } = await WorkerdProcess.prepare(BUNDLE.map((name) => join(EDGE, name)));
  const workerd = new WorkerdProcess(folder, port);
  t.after(() => workerd.close());
  const app = `http://localhost:${port}`;
  const clientSecret = secretText();
  const servers = await startServers({ clientSecret, redirectUris: [`${app}/auth/callback/demo`], ...server });
  t.after(() => servers.close());
  const clock = createClock();
  const redirectUri = `${app}/service/${provider}/callback`;
  const start = /** @type {any} */ (await /** @type {any} */ (STAND_INS)[provider]());
  /** @type {import("../../servers/stand-ins/stand-in.mjs").StandIn} */
  const standIn = await start({ port: await freePort(), clock, clientId: CLIENT, clientSecret: SECRET, redirectUri, ...choices });
  t.after(() => standIn.close());

  await mkdir(join(folder, "services"));
  await copyFile(fileURLToPath(new URL("clock-door.js", import.meta.url)), join(folder, "services/clock-door.js"));
  for (const name of BUNDLE) await copyFile(join(BUILD, name), join(folder, "services", name));
  const given = variables({ app, issuer: servers.issuer, resource: servers.resource, clientSecret });
  const services = {
    modules: ["clock-door.js", ...BUNDLE].map((name) => `services/${name}`),
    objects: { VAULT: "ServiceVault", BACKUP: "ServiceBackup" },
    variables: {
      ORIGINS: [app],
      SECRET_SESSION_KEY: secretText(),
      SECRET_CALLER_REPORTS_KEY: KEY,
      SECRET_CALLER_OPERATOR_KEY: OPERATOR_KEY,
      ...service(provider, standIn, { users: "all", operators: { claim: "sub", values: ["ada"] }, ...more }),
      ...own,
    },
  };
  await workerd.set({
    modules: BUNDLE,
    objects: OBJECTS,
    itself: ["ROTATOR"],
    bound: { SERVICES: "services", SERVICES_USERS: "services#ForUsers" },
    beside: { services },
    variables: {
      ...given,
      [`UPSTREAM_${provider.toUpperCase()}`]: { origin: standIn.origin, methods: ["GET", "POST"], vault: `service:${provider}`, ...upstream },
      ...edge,
    },
  });
  await workerd.begin();

  /** Moves the clocks of broker and services Worker, the broker's first. @param {number} time */
  const go = async (time) => {
    clock.set(time);
    const moved = await send(`${app}/service/door/clock`, { method: "POST", body: String(time - Date.now()) });
    if (moved.status !== 200) throw new Error(`the clock answered ${moved.status}: ${moved.text}`);
  };
  await go(india("10:00"));

  /** One request of a program. @param {string} method @param {string} path @param {{ key?: string | null, body?: object, headers?: Record<string, string> }} [options] */
  const ask = (method, path, { key = KEY, body, headers = {} } = {}) =>
    send(`${app}${path}`, {
      method,
      headers: { ...(key ? { authorization: `Bearer ${key}` } : {}), ...(body ? { "content-type": "application/json" } : {}), ...headers },
      body: body && JSON.stringify(body),
    });
  const status = async () => (await ask("GET", `/service/${provider}/status`, { key: OPERATOR_KEY })).json;
  const own_people = people(provider, standIn, redirectUri);
  return {
    app, workerd, servers, standIn, clock, go, ask, status, name: provider, ...own_people,
    /** The log, line by line. @returns {Record<string, any>[]} */
    get log() {
      return workerd.output.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
    },
    /** @param {number} ms */
    pass: (ms) => go(clock.now() + ms),
    /** Waits for a status. @param {string} what @param {(status: any) => unknown} is @returns {Promise<any>} */
    until: (what, is) => until(what, async () => {
      const now = await status();
      return is(now) && now;
    }),
    /** Calls to a route of the provider's until now. @param {string} route */
    count: (route) => standIn.counters()[route] ?? 0,
    /** A token, handed in by a program, and accepted. @param {string} [who] */
    async accepted(who) {
      const token = await own_people.token(who);
      const { status, json } = await ask("PUT", `/service/${provider}/credential`, { key: OPERATOR_KEY, body: { credential: token, kind: "token" } });
      if (status !== 200) throw new Error(`not accepted: ${status} ${JSON.stringify(json)}`);
      return token;
    },
    /** Somebody who is logged in to the app. @param {string} login */
    async person(login) {
      const browser = new Browser(app);
      const landed = await logIn(browser, { login });
      if (landed.status !== 200) throw new Error(`not logged in: ${landed.status} ${landed.text}`);
      return Object.assign(browser, {
        /** Goes to the broker as a click in the app does, signs in there, and comes back. @param {string} [who] whose account there */
        async logInThere(who = "ada") {
          const begun = await browser.navigate(`/service/${provider}/login`, { site: "same-origin" });
          if (begun.status !== 303) return begun;
          const { page } = await new Visitor(standIn.origin).authorize(new URL(begun.headers.location ?? ""), who);
          const finished = await browser.navigate(page.url, { site: "cross-site" });
          // Its last page has an address without what the login brought.
          const last = finished.headers.location;
          return last ? browser.navigate(last, { site: "cross-site" }) : finished;
        },
      });
    },
  };
}
