import type { Answer } from "../transport.js";
import type { Time } from "./time.js";
import type { TestServiceNeed } from "./types.js";

/** One of the operator's accounts, of which only a person can bring a token just now. */
interface Need extends Required<Omit<TestServiceNeed, "accepts">> {
  readonly accepts: string | undefined;
  readonly since: number;
}

/** The operator's accounts, as the Worker keeps them: all is well with those of which nothing is said. */
export class Services {
  readonly #needs = new Map<string, Need>();
  readonly #time: Time;

  constructor(time: Time) {
    this.#time = time;
  }

  /** The token is over. */
  need(service: string, { how = ["popup", "paste"], who = "you", title = service, accepts }: TestServiceNeed = {}): void {
    this.#needs.set(service, { how: who === "you" ? how : [], who, title, accepts, since: this.#time.date });
  }

  /** There is one again; whether there was none. */
  login(service: string): boolean {
    return this.#needs.delete(service);
  }

  /** What a call is answered that needs it; nothing where there is a token. */
  refuse(service: string): Response | undefined {
    const need = this.#needs.get(service);
    if (!need) return undefined;
    const code = "reauth_required";
    const problem = { type: `urn:everlit:problem:${code}`, title: "Only a person can go on here.", status: 409, code, vault: `service:${service}`, provider: service, provider_title: need.title, reason: "needs_human", ...this.#shown(service, need) };
    return new Response(JSON.stringify(problem), { status: 409, headers: { "content-type": "application/problem+json", "everlit-code": code, "everlit-vault": problem.vault } });
  }

  /** What a user asks of one. */
  answer(path: string, body: { readonly credential?: string }, method: string, isUser: boolean): Answer {
    const [, , service = "", what] = path.split("/");
    const need = this.#needs.get(service);
    if (!isUser) return said(401, { code: "logged_out" });
    if (what === "status") {
      return said(200, { service, provider: service, title: need?.title ?? service, valid: !need, status: need ? "needs_human" : "active", need: need ? { since: need.since, reason: "needs_human" } : null, login_from: null, push_until: null, server_time: this.#time.date, ...(need && this.#shown(service, need)) });
    }
    if (what === "fallback") return said(204, undefined);
    if (need?.who === "operator") return said(403, { code: "forbidden" });
    if (what === "credential" && method === "PUT") {
      if (need?.accepts !== undefined && body.credential?.trim() !== need.accepts) return said(422, { code: "credential_refused", verdict: "foreign", detail: "It belongs to another account. Log in with the account that this service is for." });
      this.login(service);
      return said(200, { verdict: "accepted" });
    }
    return what === "refresh" ? said(503, { code: "no_token", reason: "needs_human" }) : said(404, { code: "not_found" });
  }

  #shown(service: string, { how, who, since }: Need) {
    return { how, who, since, login_from: null, deadline: null, server_time: this.#time.date, ...(how.includes("popup") && { login_url: `/service/${service}/login` }) };
  }
}

const said = (status: number, body: object | undefined): Answer => ({ status, body, retryAfter: NaN });
