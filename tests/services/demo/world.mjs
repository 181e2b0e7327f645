/** A provider's stand-in, the services Worker that looks after an account there, somebody who takes its alerts, and one clock for all. */

import { randomBytes } from "node:crypto";

import { createClock, nextInIndia, shownInIndia } from "../../servers/stand-ins/clock.mjs";
import { STAND_INS } from "../../servers/stand-ins/flags.mjs";
import { freePort } from "../../worker/support/ports.mjs";
import { Services, service } from "../support/services.mjs";
import { BROKERS } from "./broker.mjs";
import { startReceiver } from "./receiver.mjs";

const CLIENT_ID = "everlit-demo";
/** Beyond what callers that do as they should ever need. */
const RATE = "600/1m";
const MINUTE = 60_000;
/** When people come to work, and the demo begins: at night, a first token would have ended before it was worth a warning. */
export const MORNING = 9;

/** Long enough for every key there is, and this run's own. */
const drawn = () => randomBytes(32).toString("base64url");

/** @typedef {(world: World, alert: import("./receiver.mjs").Alert) => void} Heard */

export class World {
  /** @param {string} provider @param {import("../../servers/stand-ins/stand-in.mjs").StandIn} standIn @param {Record<string, string>} keys */
  constructor(provider, standIn, keys) {
    this.provider = provider;
    this.broker = /** @type {import("./broker.mjs").Broker} */ (BROKERS[provider]);
    this.standIn = standIn;
    this.keys = keys;
  }

  /**
   * @param {string} provider
   * @param {{ port?: number | undefined, callers?: string[], heard: Heard }} options
   */
  static async start(provider, { port, callers = [], heard }) {
    const app = `http://localhost:${(port ??= await freePort())}`;
    const [clientSecret, signingKey] = [drawn(), randomBytes(32)];
    const clock = createClock();
    clock.set(nextInIndia(Date.now(), MORNING));
    const start = await /** @type {() => Promise<any>} */ (STAND_INS[provider])();
    const standIn = await start({ clientId: CLIENT_ID, clientSecret, redirectUri: `${app}/service/${provider}/callback`, clock });
    const world = new World(provider, standIn, Object.fromEntries([...callers, "operator"].map((name) => [name, drawn()])));
    world.clientSecret = clientSecret;
    try {
      world.receiver = await startReceiver(signingKey, world.now, (alert) => heard(world, alert));
      const ahead = clock.now() - Date.now();
      world.services = await Services.start(
        {
          ...service(provider, standIn, { client_id: CLIENT_ID, rate: RATE }),
          [`SECRET_${provider.toUpperCase()}_CLIENT_SECRET`]: clientSecret,
          SECRET_SESSION_KEY: drawn(),
          ...world.#callers(),
          ALERT_DEMO: { url: world.receiver.url },
          SECRET_ALERT_DEMO_SIGNING_KEY: signingKey.toString("base64"),
          AHEAD: ahead,
        },
        undefined,
        port,
      );
      world.services.ahead = ahead;
      await world.ask("GET", "status");
    } catch (error) {
      await world.close();
      throw error;
    }
    return world;
  }

  /** @type {Services} */ services = /** @type {any} */ (undefined);
  /** @type {Awaited<ReturnType<typeof startReceiver>>} */ receiver = /** @type {any} */ (undefined);
  clientSecret = "";

  /** Who may ask. The harness' own callers are none here. @returns {Record<string, unknown>} */
  #callers() {
    const one = ([name, key] = ["", ""]) => [
      [`CALLER_${name.toUpperCase()}`, { services: [this.provider], ...(name === "operator" && { operator: true }) }],
      [`SECRET_CALLER_${name.toUpperCase()}_KEY`, key],
    ];
    return { CALLER_REPORTS: undefined, SECRET_CALLER_REPORTS_KEY: undefined, ...Object.fromEntries(Object.entries(this.keys).flatMap(one)) };
  }

  /** The time, by its clock. */
  now = () => this.standIn.clock.now();

  /** What clocks in India show. */
  get shown() {
    return shownInIndia(this.now()).slice(0, 16);
  }

  get url() {
    return `${this.services.origin}/service/${this.provider}`;
  }

  /** Moves both clocks. The provider's goes first: nobody is told of a time that it does not know yet. @param {number} time */
  async moveTo(time) {
    this.standIn.clock.set(time);
    await this.services.clockAhead(time - Date.now());
  }

  /** Kills the Worker and starts it again, when `noticed` says that somebody has missed it. @param {() => Promise<unknown>} noticed */
  async restart(noticed) {
    const { services } = this;
    await services.kill();
    await noticed();
    await services.configure({ AHEAD: services.ahead });
    await services.begin();
  }

  /** The next time at which its tokens end. */
  nextCutoff() {
    return nextInIndia(this.now(), ...this.broker.cutoff);
  }

  /** @param {number} hour @param {number} [minute] */
  next(hour, minute) {
    return nextInIndia(this.now(), hour, minute);
  }

  /** As an operator. @param {string} method @param {string} path of the service @param {object} [body] */
  async ask(method, path, body) {
    const answer = await this.services.ask(method, `${this.provider}/${path}`, body, this.keys.operator);
    if (answer.status !== 200) throw new Error(`${method} ${path} is answered ${answer.status}: ${answer.text.slice(0, 300)}`);
    return answer.json;
  }

  /** Shows a token to the provider. @param {string} token */
  show = (token) => {
    const { clientSecret, now } = this;
    return this.broker.show(token, { origin: this.standIn.origin, clientId: CLIENT_ID, clientSecret, now });
  };

  /** The lines of the Worker's log that say this. @param {string} event @returns {Record<string, any>[]} */
  logged(event) {
    // A process that is killed may have written half a line.
    const lines = this.services.output.split("\n").filter((line) => line.startsWith("{") && line.includes(`"${event}"`) && line.endsWith("}"));
    return lines.map((line) => JSON.parse(line));
  }

  async close() {
    await Promise.all([this.services?.close(), this.receiver?.close(), this.standIn.close()]);
  }
}

/** Just before and just after a cutoff. */
export const [BEFORE, AFTER] = [10 * MINUTE, MINUTE];
