/**
 * Three days of an account, as its people live them: a first token, a night, a new token, a restart, another night, another token.
 *
 * Meanwhile programs ask for the token all the time. Each stretch says what they must be given, and each step waits for what it is about.
 */

import { shownInIndia } from "../../servers/stand-ins/clock.mjs";
import { until } from "../../worker/support/until.mjs";
import { Crowd } from "./crowd.mjs";
import { addressAfter, logIn } from "./person.mjs";
import { inWords } from "./receiver.mjs";
import { AFTER, BEFORE, MORNING, World } from "./world.mjs";

const CALLERS = ["reports", "orders", "charts"];
/** What a step may take. The machine may have other work. */
const LIMIT_MS = 15_000;
/** When the market is in full swing. */
const NOON = 12;

/** A sentence for whoever wonders why a run failed. */
export class StoryError extends Error {}

/** @param {unknown} holds @param {string} otherwise @returns {asserts holds} */
function must(holds, otherwise) {
  if (!holds) throw new StoryError(otherwise);
}

export class Story {
  cutoffs = 0;
  /** Alerts that a step has waited for. @type {Set<string>} */ #heard = new Set();

  /** @param {World} world @param {(words: string) => void} say */
  constructor(world, say) {
    this.world = world;
    this.say = say;
    this.crowd = new Crowd({
      url: world.url,
      keys: Object.fromEntries(CALLERS.map((name) => [name, world.keys[name] ?? ""])),
      show: world.show,
      trouble: (words) => say(`! ${words}`),
    });
  }

  /** @param {string} provider @param {{ port?: number | undefined, say: (world: World, words: string) => void }} options */
  static async begin(provider, { port, say }) {
    const world = await World.start(provider, { port, callers: CALLERS, heard: (at, alert) => say(at, `  ${inWords(alert)}`) });
    return new Story(world, (words) => say(world, words));
  }

  async all() {
    const { world, crowd } = this;
    const { title, call, ways } = world.broker;
    this.say(`${CALLERS.length} programs ask for the token of an account at ${title}, and use what they get at once: ${call}`);
    crowd.expect("none");
    crowd.begin();
    try {
      await this.nobody();
      await this.renewed(ways[0]);
      await this.night();
      await this.renewed(ways[1]);
      await this.restarted();
      await this.night();
      await this.renewed(ways[2]);
    } finally {
      await crowd.end();
    }
    must(world.receiver.refused.length === 0, `an alert was not to be believed: ${world.receiver.refused[0]}`);
  }

  /** Before anybody has logged in. */
  async nobody() {
    const { world } = this;
    await this.stands("needs_human", "first_token");
    await this.told("human_needed");
    await this.answered("none");
    const { notify_path: path } = await world.ask("GET", "status");
    if (path !== undefined) {
      await world.standIn.act("configure", { notifierUrl: world.services.origin + path });
      this.say("the operator registers at the provider where approved tokens are to be posted to");
    }
  }

  /** Once through the end of a token's life. */
  async night() {
    const { world, crowd } = this;
    const cutoff = world.nextCutoff();
    await this.moveTo(cutoff - BEFORE, "token");
    const before = await this.stands("expiring");
    must(before.login_from === cutoff, `a login helps from ${before.login_from} on, says the status, and not from the cutoff ${cutoff} on`);
    const warning = await this.told("expiring_soon");
    must(warning.login_from === cutoff && warning.expires_at === cutoff, `the warning names another time than the cutoff: ${JSON.stringify(warning)}`);
    await this.answered("token");

    await this.moveTo(cutoff + AFTER, "none");
    await this.stands("needs_human", "lapsed");
    this.cutoffs += 1;
    await this.told("human_needed");
    await this.answered("none");
    const morning = world.next(MORNING);
    await this.moveTo(morning, "none");
    await this.stands("needs_human", "lapsed");
    await this.answered("none");
    must(crowd.surprises.length === 0, crowd.surprises.join("; "));
  }

  /** A new token, in one of the ways there are. @param {import("./broker.mjs").Broker["ways"][number] | undefined} way */
  async renewed(way) {
    const { world, crowd } = this;
    crowd.expect("either");
    const before = (await world.ask("GET", "status")).renewals.length;
    if (way === "approve") await this.approved();
    else if (way === "paste") await this.pasted();
    else await this.loggedIn(way === "form");
    const { renewals } = await this.stands("active");
    must(renewals.length === before + 1 && renewals.at(-1).outcome === "ok", `the status knows of no new token: ${JSON.stringify(renewals)}`);
    await this.told("human_answered");
    crowd.expect("token");
    await this.answered("token");
  }

  /** @param {boolean} byForm */
  async loggedIn(byForm) {
    const { world } = this;
    this.say(`the operator logs in at the provider, which sends the browser back by ${byForm ? "a form" : "an address"}`);
    if (byForm) await world.standIn.act("configure", { callback: "post" });
    const { login_url: link } = await world.ask("POST", "login");
    const page = await logIn(world.services.origin, link);
    must(page.status === 200 && page.text.includes("Connected"), `the login ends with ${page.status}: ${page.text.slice(0, 300)}`);
  }

  async pasted() {
    const { world } = this;
    const { login_url: link } = await world.ask("POST", "login");
    this.say("the operator logs in, and pastes the whole address that the provider sends the browser to");
    const address = await addressAfter(world.services.origin, link);
    const { verdict } = await world.ask("PUT", "credential", { credential: ` ${address}\n` });
    must(verdict === "accepted", `the pasted address is ${verdict}`);
  }

  async approved() {
    const { world } = this;
    const { push_until: open } = await world.ask("GET", "status");
    must(typeof open === "number" && open > world.now(), "nobody was asked to approve: the Worker has not asked the provider by itself");
    this.say(`the operator approves on the telephone what the Worker has asked for by itself; that is open until ${shownInIndia(open).slice(11, 16)}`);
    const { answers: [answer] } = await world.standIn.act("approve");
    must(answer?.status === 200, `our notify path answers ${answer?.status}: ${answer?.text}`);
  }

  /** The process is killed at noon, while everybody asks. */
  async restarted() {
    const { world, crowd } = this;
    await this.moveTo(world.next(NOON), "token");
    await this.answered("token");
    const { epoch, generation } = await world.ask("GET", "status");
    await world.restart(() => until("a caller to find nobody", () => crowd.unheard > 0, LIMIT_MS));
    this.say("the Worker was killed while they asked, and is back");
    crowd.expect("token");
    await this.answered("token");
    const after = await this.stands("active");
    must(after.epoch === epoch && after.generation === generation, `after the restart it is another token: ${after.epoch}/${after.generation}`);
  }

  /** @param {number} time @param {import("./crowd.mjs").Expected} expected of the callers from then on */
  async moveTo(time, expected) {
    await this.crowd.without(async () => {
      await this.world.moveTo(time);
      this.crowd.expect(expected);
    });
  }

  /** Waits until the status has this word. @param {string} word @param {string} [reason] why a person is needed */
  async stands(word, reason) {
    const status = await until(`the status ${word}`, async () => {
      const now = await this.world.ask("GET", "status");
      return now.status === word && (now.need?.reason ?? undefined) === reason && now;
    }, LIMIT_MS).catch((error) => this.#instead(error));
    this.say(`status ${status.status}${reason ? ` (${reason})` : ""}, time left: ${status.time_left}`);
    return status;
  }

  /** @param {Error} error @returns {Promise<never>} */
  async #instead({ message }) {
    const { status, need, expires_in, attempt, trouble } = await this.world.ask("GET", "status");
    throw new StoryError(`${message}; it is ${JSON.stringify({ status, need, expires_in, attempt, trouble })}`);
  }

  /** Waits for an alert that no step has waited for. @param {string} kind */
  async told(kind) {
    const alert = await until(`the alert ${kind}`, () => this.world.receiver.alerts.find((one) => one.kind === kind && !this.#heard.has(one.id)), LIMIT_MS).catch(
      ({ message }) => { throw new StoryError([message, ...new Set(this.world.receiver.refused)].join("; ")); },
    );
    this.#heard.add(alert.id);
    return alert.data;
  }

  /** Waits until every caller was answered twice in this stretch. @param {"token" | "none"} kind */
  async answered(kind) {
    const { crowd } = this;
    await until("the callers to be answered", () => crowd.surprises.length > 0 || crowd.hasHeard(2), LIMIT_MS);
    must(crowd.surprises.length === 0, crowd.surprises.join("; "));
    this.say(kind === "token" ? `every caller has a token that the provider takes (${crowd.ok} calls so far)` : `every caller is told that there is none, and why (${crowd.none} times so far)`);
  }

  /** What happened, counted where it happened. */
  async result() {
    const { world, crowd } = this;
    const { renewals } = await world.ask("GET", "status");
    return {
      provider: world.provider,
      checks: world.logged("service_checked").length,
      cutoffs: this.cutoffs,
      renewals: renewals.filter((/** @type {any} */ { outcome }) => outcome === "ok").length,
      alerts: world.receiver.alerts.length,
      calls_ok: crowd.ok,
      calls_none: crowd.none,
      lost: crowd.lost,
    };
  }
}
