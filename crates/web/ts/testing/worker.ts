import { VERSION } from "../abi.js";
import type { Answer } from "../transport.js";
import type { ProblemCode, SilentWay, User } from "../types.js";
import { Services } from "./services.js";
import type { Time } from "./time.js";
import type { TestUpstream } from "./types.js";

/** What the Worker says of its own accord. */
export type Told = "refused" | "ended";

/** The settings of a Worker, in milliseconds. */
export interface Settings {
  readonly upstreams: readonly (Required<Omit<TestUpstream, "provider" | "service">> & Pick<TestUpstream, "provider" | "service">)[];
  readonly providers: readonly string[];
  readonly devices: readonly string[];
  readonly lifetime: number;
  readonly idleLimit: number;
  readonly absoluteLimit: number;
}

const TITLE = "This is a test.";
/** Milliseconds that the Worker is ahead of a tab with a token that is about to end. */
const SLACK = 2_000;
/** Epochs of this page: each login of each test is another one. */
const epochs = new Set<number>();

/** A Worker in memory: one login vault, and whatever trouble a test wants. */
export class Worker {
  readonly settings: Settings;
  /** Who is logged in, at the Worker. */
  user: User | undefined;
  epoch = 0;
  generation = 0;
  /** What its vault needs of its user, and how they can be logged in again silently. */
  human: readonly SilentWay[] | undefined;
  /** Whether the last session was ended, and not logged out. */
  #ended = false;
  #expiresAt = 0;
  #began = 0;
  #active = 0;
  /** The token that is not taken any more. */
  #refused = 0;
  #trouble: { readonly status: number; readonly code: ProblemCode; readonly until: number } | undefined;
  /** The tokens that the page has for upstreams, by their names. */
  readonly #tokens = new Map<string, { readonly generation: number; readonly expiresAt: number }>();
  /** The providers beside the login's, whose accounts are linked. */
  readonly #linked = new Set<string>();
  /** Where else the user is logged in. */
  #devices: readonly { readonly id: string; readonly device: string; readonly login_at: number }[] = [];
  /** The accounts of the operator. */
  readonly services: Services;
  readonly #time: Time;
  readonly #told: (told: Told) => void;
  #limit = () => {};

  constructor(time: Time, settings: Settings, told: (told: Told) => void) {
    this.#time = time;
    this.services = new Services(time);
    this.settings = settings;
    this.#told = told;
  }

  get #expiresIn() {
    return Math.max(0, this.#expiresAt - this.#time.date) / 1000;
  }

  /** With so little left of a token a question rotates it, as at the Worker. */
  get #lead() {
    const { lifetime } = this.settings;
    return Math.min(Math.min(Math.max(lifetime / 5, 5_000), 300_000) + SLACK, lifetime / 2);
  }

  get #idleLeft() {
    return Math.max(0, this.#active + this.settings.idleLimit - this.#time.date);
  }

  get #absoluteLeft() {
    return Math.max(0, this.#began + this.settings.absoluteLimit - this.#time.date);
  }

  /** Somebody logged in, or renewed the grant of the login that they have. */
  login(user: User): void {
    const renewed = this.human && this.user?.sub === user.sub;
    this.human = undefined;
    this.user = user;
    this.#ended = false;
    this.#active = this.#time.date;
    if (!renewed) {
      let epoch = Math.max(Math.floor(this.#time.date), this.epoch + 1);
      while (epochs.has(epoch)) epoch += 1;
      epochs.add((this.epoch = epoch));
      this.generation = 0;
      this.#began = this.#time.date;
      this.#tokens.clear();
      this.#linked.clear();
      this.#devices = this.settings.devices.map((device, at) => ({ id: `other-${at + 1}`, device, login_at: this.#began / 1000 }));
    }
    this.#rotate();
    this.#watch();
  }

  /** The user logged out. */
  logout(): void {
    this.user = this.human = undefined;
    this.#limit();
  }

  /** The session is over, not by its user's will. */
  end(): void {
    if (!this.user) return;
    this.logout();
    this.#ended = true;
    this.#told("ended");
  }

  /** Only the user can bring a new token. */
  need(silent: readonly SilentWay[]): void {
    this.human = silent;
    this.#expiresAt = 0;
    this.#told("refused");
  }

  /** An account there is linked from now on, if it can be. */
  link(provider: string): boolean {
    const can = !!this.user && this.settings.providers.indexOf(provider) > 0;
    if (can) this.#linked.add(provider);
    return can;
  }

  /** It watches no limit any more. */
  close(): void {
    this.#limit();
  }

  /** The next call is refused. */
  expire(): void {
    this.#refused = this.generation;
    for (const [name, token] of this.#tokens) this.#tokens.set(name, { ...token, expiresAt: 0 });
  }

  /** Whether a token that the page sends to an upstream is taken there. */
  takes(token: string): boolean {
    const [, , name = ""] = token.split(".");
    const held = this.#tokens.get(name);
    return !!held && this.#nameOf(name, held.generation) === token && held.expiresAt > this.#time.date;
  }

  /** It answers so for so long. */
  trouble(status: number, code: ProblemCode, ms: number): void {
    this.#trouble = { status, code, until: this.#time.date + ms };
  }

  recover(): void {
    this.#trouble = undefined;
  }

  /** What it says to a question, and does for it. */
  answer(path: string, body: { readonly generation?: number; readonly reason?: string; readonly active_ago?: number; readonly upstream?: string } = {}, method = "GET"): Answer {
    this.#look();
    const trouble = this.#trouble;
    if (trouble && this.#time.date < trouble.until) {
      const wait = Math.ceil((trouble.until - this.#time.date) / 1000);
      return problem(trouble.status, trouble.code, wait < Infinity ? { retry_after: wait } : {});
    }
    const now = this.#time.date / 1000;
    const { user, epoch } = this;
    if (path.startsWith("/service/")) return this.services.answer(path, body as { readonly credential?: string }, method, !!user);
    if (path === "/auth/logout") {
      this.logout();
      return ok({ state: "logged_out" });
    }
    if (path === "/auth/session") {
      const said = { server_time: now, providers: this.#providers() };
      if (!user) return ok({ ...said, state: "logged_out" });
      if (this.human && !this.#expiresIn) {
        return ok({ ...said, state: "reauth_required", epoch, generation: this.generation, user, silent: this.human });
      }
      const places = this.settings.upstreams.map(({ provider, service, ...place }) => ({ ...place, vault: service ? `service:${service}` : provider ? `linked:${provider}` : "login" }));
      const upstreams = places.filter(({ mode }) => mode === "bff");
      const mediating = places.filter(({ mode }) => mode === "mediating").map(({ mode: _, ...place }) => place);
      return ok({ ...said, ...this.#timing(), state: "active", user, upstreams, mediating });
    }
    const [, , what, name] = path.split("/");
    if (what === "sessions") return user ? this.#sessions(method, name) : problem(401, this.#ended ? "session_ended" : "logged_out");
    if (what === "links" && method === "DELETE" && user) {
      const provider = decodeURIComponent(name ?? "");
      this.#linked.delete(provider);
      return this.settings.providers.includes(provider) ? ok({}) : problem(404, "not_found");
    }
    if (path !== "/auth/token") return problem(404, "not_found");
    if (!user) return problem(401, this.#ended ? "session_ended" : "logged_out");
    if (body.active_ago !== undefined) this.#active = Math.max(this.#active, this.#time.date - body.active_ago * 1000);
    this.#watch();
    if (this.human) return problem(401, "reauth_required", { silent: this.human });
    if (body.upstream !== undefined) return this.#token(body.upstream, body.generation, body.reason);
    const due = body.reason === "forced" || body.reason === "unauthorized" || this.#expiresIn * 1000 <= this.#lead;
    if (due && body.reason !== "activity" && body.generation === this.generation) this.#rotate();
    return ok(this.#timing());
  }

  /** Why it refuses to pass on a call of this login; nothing if it does not. */
  refuse(epoch: string | null, upstream: string | undefined): ProblemCode | undefined {
    this.#look();
    if (!this.user) return this.#ended ? "session_ended" : "logged_out";
    if (epoch !== `${this.epoch}`) return "logged_out";
    if (this.human) return "reauth_required";
    if (this.#lacksLink(upstream)) return "link_required";
    if (this.#refused === this.generation) return "access_expired";
    if (!this.#expiresIn) this.#rotate();
    return undefined;
  }

  /** The user's sessions: this one, and those on other devices. */
  #sessions(method: string, id: string | undefined): Answer {
    if (method === "GET") {
      const own = { id: "current", current: true, state: this.human ? "reauth_required" : "active", login_at: this.#began / 1000, active_at: this.#active / 1000 };
      return ok({ sessions: [own, ...this.#devices.map((each) => ({ ...each, current: false, state: "active" }))] });
    }
    this.#devices = this.#devices.filter((each) => id && each.id !== id);
    if (id === "current") this.end();
    return ok({});
  }

  /** A token of an upstream, for the page. */
  #token(name: string, generation: number | undefined, reason: string | undefined): Answer {
    if (!this.settings.upstreams.some((each) => each.name === name && each.mode === "mediating")) return problem(404, "not_found");
    if (this.#lacksLink(name)) return problem(409, "link_required");
    let held = this.#tokens.get(name);
    if (!held || held.expiresAt - this.#time.date <= this.#lead || (reason === "unauthorized" && held.generation === generation)) {
      held = { generation: (held?.generation ?? 0) + 1, expiresAt: this.#time.date + this.settings.lifetime };
      this.#tokens.set(name, held);
    }
    const token = { access_token: this.#nameOf(name, held.generation), token_type: "Bearer", generation: held.generation };
    return ok({ ...this.#timing(), ...token, expires_in: (held.expiresAt - this.#time.date) / 1000 });
  }

  /** Whether an upstream needs an account that is not linked. */
  #lacksLink(upstream: string | undefined) {
    const provider = this.settings.upstreams.find(({ name }) => name === upstream)?.provider;
    return provider !== undefined && !this.#linked.has(provider);
  }

  #nameOf(upstream: string, generation: number) {
    return `everlit-test.${this.epoch}.${upstream}.${generation}`;
  }

  #timing() {
    return {
      epoch: this.epoch,
      generation: this.generation,
      server_time: this.#time.date / 1000,
      expires_in: this.#expiresIn,
      lifetime: this.settings.lifetime / 1000,
      idle_left: this.#idleLeft / 1000,
      idle_limit: this.settings.idleLimit / 1000,
      absolute_left: this.#absoluteLeft / 1000,
    };
  }

  #providers() {
    const own = this.user ? (this.human ? "needs_human" : "ready") : "unavailable";
    return this.settings.providers.map((name, at) => {
      if (!at && this.user) return { name, state: own, own: true };
      return { name, state: this.user && this.#linked.has(name) ? "ready" : "unavailable" };
    });
  }

  #rotate() {
    this.generation += 1;
    this.#expiresAt = this.#time.date + this.settings.lifetime;
  }

  /** Ends the session when its time has come, with or without a question. */
  #look() {
    if (this.user && !(this.#idleLeft && this.#absoluteLeft)) this.end();
  }

  #watch() {
    this.#limit();
    const look = () => {
      this.#look();
      if (this.user) this.#watch();
    };
    this.#limit = this.#time.after(Math.min(this.#idleLeft, this.#absoluteLeft), look);
  }
}

const ok = (body: object): Answer => ({ status: 200, body: { v: VERSION, ...body }, retryAfter: NaN });

const problem = (status: number, code: ProblemCode, members: object = {}): Answer => ({
  status,
  retryAfter: NaN,
  body: { type: `urn:everlit:problem:${code}`, title: TITLE, status, code, ...members },
});
