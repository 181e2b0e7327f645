/**
 * Everything behind one address: an authorization server, both Workers, a broker's stand-in, the demo's pages, and one clock for all of them
 * that can be moved. The browser's clock stays what it is: a session does not go by that.
 */

import { randomBytes } from "node:crypto";
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { Front } from "../../../e2e/lab/front.mjs";
import { signIn } from "../../../providers/support/standing.mjs";
import { RequestError } from "../../../servers/http.mjs";
import { startServers } from "../../../servers/servers.mjs";
import { createClock, nextInIndia, shownInIndia } from "../../../servers/stand-ins/clock.mjs";
import { STAND_INS } from "../../../servers/stand-ins/flags.mjs";
import { send } from "../../../worker/support/browser.mjs";
import { until } from "../../../worker/support/until.mjs";
import { freePort } from "../../../worker/support/ports.mjs";
import { BUILD as EDGE, OBJECTS } from "../../../worker/support/workerd.mjs";
import { WorkerdProcess } from "../../../worker/support/workerd-process.mjs";
import { BUILD, service } from "../../support/services.mjs";
import { BROKERS } from "../broker.mjs";
import { createPages } from "./pages.mjs";

const CLIENT_ID = "everlit-demo";
const BUNDLE = ["index.js", "index_bg.wasm"];
/** In the afternoon the market is in full swing, and every cutoff is hours away. */
const AFTERNOON = 14;
const MINUTE = 60_000;
const PATIENCE_MS = 2_000;
/** How long the broker answers with a page of its firewall, when somebody asks for that. */
const TROUBLE_MS = 12_000;
/** How long somebody waits for the telephone to ring, how often they look at it, and for how long it rings. */
const [POCKET_MS, LOOK_MS, RINGS_MS] = [10 * MINUTE, 500, 5_000];
/** Seconds. */
const ACCESS_TTL = 300;
/** Who may log in at the broker for all; everybody else may use what is there. */
export const OPERATOR = "ada";

const drawn = () => randomBytes(32).toString("base64url");

/** This process's own clock, which goes with the others. */
const real = Date.now.bind(Date);
let ahead = 0;
Date.now = () => real() + ahead;

export class World {
  /** @type {(() => Promise<unknown>)[]} */ #stops = [];
  #operatorKey = drawn();
  #secret = drawn();
  /** Calls that are held until the clocks were moved, and what lets each go. @type {Map<object, () => void>} */ #held = new Map();
  // Nobody has a world before these are there.
  /** @type {Front} */ front = /** @type {any} */ (undefined);
  /** @type {WorkerdProcess} */ workerd = /** @type {any} */ (undefined);
  /** @type {import("../../../servers/stand-ins/stand-in.mjs").StandIn} */ standIn = /** @type {any} */ (undefined);

  /** @param {string} provider */
  constructor(provider) {
    this.provider = provider;
    this.broker = /** @type {import("../broker.mjs").Broker} */ (BROKERS[provider]);
  }

  /** @param {string} provider @param {{ port?: number | undefined, tls?: boolean }} [options] `tls`: for browsers that keep a Secure cookie over nothing else */
  static async start(provider, { port, tls = false } = {}) {
    const world = new World(provider);
    try {
      await world.#start(port ?? (await freePort()), tls);
      return world;
    } catch (error) {
      const said = world.workerd?.output ? `\n${world.workerd.output.slice(-2_000)}` : "";
      await world.close();
      throw said && error instanceof Error ? new Error(error.message + said, { cause: error }) : error;
    }
  }

  /** @param {number} port @param {boolean} tls */
  async #start(port, tls) {
    const { provider } = this;
    ahead = nextInIndia(real(), AFTERNOON) - real();
    const worker = await freePort();
    this.front = new Front({ worker, tls });
    await this.front.open(port);
    this.#stops.push(() => this.front.close());
    this.front.app = createPages({
      "GET /demo/day": async () => this.day,
      "POST /demo/end-day": async () => {
        await this.moveTo(this.nextCutoff() + MINUTE);
        return this.day;
      },
      ...(this.broker.ways.includes("approve") && { "POST /demo/approve": () => this.sayYes() }),
      "POST /demo/trouble": async () => {
        const { faults } = this.standIn;
        faults.add({ kind: "html", status: 503, rate: 1 });
        setTimeout(faults.clear, TROUBLE_MS).unref();
        return { for_ms: TROUBLE_MS };
      },
    });

    const clientSecret = drawn();
    const servers = await startServers({ clientSecret, redirectUris: [`${this.app}/auth/callback/demo`], accessTtl: ACCESS_TTL });
    this.#stops.push(() => servers.close());
    const start = await /** @type {() => Promise<any>} */ (STAND_INS[/** @type {keyof typeof STAND_INS} */ (provider)])();
    this.standIn = await start({ clientId: CLIENT_ID, clientSecret: this.#secret, redirectUri: `${this.app}/service/${provider}/callback`, clock: createClock(() => Date.now()) });
    this.#stops.push(() => this.standIn.close());
    await this.#startWorkers(worker, servers.issuer, clientSecret);
    await this.#connect();
  }

  /** @param {number} port @param {string} issuer @param {string} clientSecret */
  async #startWorkers(port, issuer, clientSecret) {
    const { provider, app } = this;
    const own = fileURLToPath(new URL("edge-door.js", import.meta.url));
    const { folder } = await WorkerdProcess.prepare([own, ...BUNDLE.map((name) => join(EDGE, name))], port);
    this.workerd = new WorkerdProcess(folder, port);
    this.#stops.push(() => this.workerd.close());
    await mkdir(join(folder, "services"));
    await copyFile(fileURLToPath(new URL("../../support/clock-door.js", import.meta.url)), join(folder, "services/clock-door.js"));
    for (const name of BUNDLE) await copyFile(join(BUILD, name), join(folder, "services", name));
    const name = provider.toUpperCase();
    const at = service(provider, this.standIn, { client_id: CLIENT_ID, rate: "600/1m", call_rate: "600/1m", users: "all", operators: { claim: "sub", values: [OPERATOR] } });
    await this.workerd.set({
      modules: ["edge-door.js", ...BUNDLE],
      objects: OBJECTS,
      itself: ["ROTATOR"],
      bound: { SERVICES: "services", SERVICES_USERS: "services#ForUsers" },
      beside: {
        services: {
          modules: ["clock-door.js", ...BUNDLE].map((file) => `services/${file}`),
          objects: { VAULT: "ServiceVault", BACKUP: "ServiceBackup" },
          variables: {
            ORIGINS: [app],
            ...at,
            [`SECRET_${name}_CLIENT_SECRET`]: this.#secret,
            CALLER_REPORTS: undefined,
            SECRET_CALLER_OPERATOR_KEY: this.#operatorKey,
            SECRET_SESSION_KEY: drawn(),
            AHEAD: ahead,
          },
        },
      },
      variables: {
        ORIGINS: [app],
        LIMITS: { idle: "14d", absolute: "90d" },
        PROVIDER_DEMO: { kind: "oidc", issuer, client_id: CLIENT_ID, scopes: ["openid", "offline_access", "profile", "email"], prompt: "" },
        [`UPSTREAM_${name}`]: { origin: this.standIn.origin, path: "/", methods: ["GET", "POST"], mode: "bff", vault: `service:${provider}` },
        SECRET_SESSION_KEY: drawn(),
        SECRET_DEMO_CLIENT_SECRET: clientSecret,
        AHEAD: ahead,
      },
    });
    await this.workerd.begin();
  }

  /** The first token of the day, and where approved ones are to be posted to. */
  async #connect() {
    const { status, json } = await this.#ask("PUT", "credential", { credential: await this.addressAfter(OPERATOR) });
    if (status !== 200) throw new Error(`the first token is answered ${status}: ${JSON.stringify(json)}`);
    const { notify_path: path } = (await this.#ask("GET", "status")).json;
    if (path !== undefined) await this.standIn.act("configure", { notifierUrl: `http://localhost:${this.workerd.port}${path}` });
  }

  /** Whoever has the telephone says yes when it rings next. Nobody could press a button while the dialog is open. */
  async sayYes() {
    const end = real() + POCKET_MS;
    // What was asked for a token that came in another way is still open, and rings no more.
    const rings = async () => (await this.#ask("GET", "status")).json.valid === false && (await this.standIn.act("pending")).pending;
    while (!(await rings())) {
      if (real() > end) throw new RequestError(409, "The phone did not ring.");
      await pause(LOOK_MS, undefined, { ref: false });
    }
    await pause(RINGS_MS, undefined, { ref: false });
    return this.standIn.act("approve");
  }

  /** @param {string} method @param {string} path @param {object} [body] */
  async #ask(method, path, body) {
    const headers = { authorization: `Bearer ${this.#operatorKey}`, ...(body && { "content-type": "application/json" }) };
    return /** @type {{ status: number, json: any }} */ (await send(`http://localhost:${this.workerd.port}/service/${this.provider}/${path}`, { method, headers, body: body && JSON.stringify(body) }));
  }

  /** Where the browser of somebody who logs in at the broker is sent to. @param {string} who */
  async addressAfter(who) {
    const back = `${this.app}/service/${this.provider}/callback`;
    const paths = {
      breeze: `/apiuser/login?${new URLSearchParams({ api_key: CLIENT_ID })}`,
      upstox: `/v2/login/authorization/dialog?${new URLSearchParams({ response_type: "code", client_id: CLIENT_ID, redirect_uri: back })}`,
    };
    const path = paths[/** @type {keyof typeof paths} */ (this.provider)];
    return (await signIn(this.standIn, this.standIn.origin + path, who)).href;
  }

  get app() {
    return this.front.origin;
  }

  /** What to open. */
  get url() {
    return `${this.app}/desk/?${new URLSearchParams({ broker: this.provider, demo: "" })}`.replace(/=$/, "");
  }

  /** The time, by its clock. */
  now = () => Date.now();

  get day() {
    return { now: this.now(), ends_at: this.nextCutoff(), india: shownInIndia(this.now()).slice(0, 16), approves: this.broker.ways.includes("approve") };
  }

  /** The next time at which the broker's tokens end. */
  nextCutoff() {
    return nextInIndia(this.now(), ...this.broker.cutoff);
  }

  /** Until the clocks were moved no order gets any further: the day ends in the middle of an operation, however slow the machine is. */
  holdOrders() {
    this.#hold(({ method, path }) => method === "POST" && /\/order(\/place)?$/.test(path));
  }

  /** @param {(asked: import("../../../e2e/lab/front.mjs").Exchange) => boolean} which */
  #hold(which) {
    this.front.fault = (asked) => (which(asked) ? new Promise((resolve) => this.#held.set(asked, () => resolve(undefined))) : undefined);
  }

  #letGo() {
    this.front.fault = () => undefined;
    for (const go of this.#held.values()) go();
    this.#held.clear();
  }

  /**
   * Moves all clocks. The broker's goes first: nobody is told of a time that it does not know yet. No call is under way meanwhile: clocks
   * that show different days for a moment are not what is shown here.
   *
   * @param {number} time
   */
  async moveTo(time) {
    this.#hold(() => true);
    try {
      const isOpen = (/** @type {import("../../../e2e/lab/front.mjs").Exchange} */ asked) => asked.path.startsWith("/api/") && asked.status === 0 && !this.#held.has(asked);
      // A call that its page has given up is never answered.
      await until("the calls that are under way", () => !this.front.asked.some(isOpen), PATIENCE_MS).catch(() => {});
      ahead = time - real();
      const answer = await send(`http://localhost:${this.workerd.port}/door/clock`, { method: "POST", body: String(ahead) });
      if (answer.status !== 200) throw new Error(`the door answered ${answer.status}: ${answer.text}`);
    } finally {
      this.#letGo();
    }
  }

  /** What the broker did, and for which requests. @returns {Promise<import("../../../servers/stand-ins/effects.mjs").Effect[]>} */
  effects() {
    return this.standIn.act("effects");
  }

  async close() {
    for (const stop of this.#stops.splice(0).reverse()) await stop().catch(() => {});
  }
}
