// The lab's authorization server: it rotates strictly, knows its user already, counts everything, and holds its answers when told.

import { randomBytes } from "node:crypto";
import { Rotation } from "../../worker/support/rotating-as.mjs";
import { ScriptedAs } from "../../worker/support/scripted-as.mjs";

/** @typedef {import("../../worker/support/scripted-server.mjs").Given} Given */

export class Authority {
  /** Whether the browser is logged in here: without it `prompt=none` is refused. */
  knowsUser = true;
  /** Answered in place of a refresh, before anything is spent. @type {() => Given | undefined} */
  trouble = () => undefined;
  /** Resolves when answers may leave. @type {Promise<void>} */ #gate = Promise.resolve();
  /** Seconds that access tokens live. */ #usual;
  /** Every authorization code. @type {string[]} */ codes = [];

  /** @param {ScriptedAs} as */
  constructor(as) {
    this.as = as;
    this.#usual = as.accessTtl;
    this.rotation = new Rotation(as, 0);
    const rotate = as.onToken;
    as.onToken = async (form) => {
      const refreshes = form.get("grant_type") === "refresh_token";
      const trouble = refreshes && this.trouble();
      if (trouble) return trouble;
      const answer = await rotate(form);
      as.accessTtl = this.#usual;
      if (refreshes) await this.#gate;
      return answer;
    };
    as.onOther = ({ path, query }) => (path === "/authorize" ? this.#authorize(query) : undefined);
  }

  static async start() {
    return new Authority(await ScriptedAs.start());
  }

  get issuer() {
    return this.as.issuer;
  }

  /** Refresh grants that were asked for since the beginning. */
  get grants() {
    return this.as.requests("refresh_token").length;
  }

  /** How often the browser was sent here. */
  get visits() {
    return this.as.hits("/authorize");
  }

  /** Seconds that the next access token lives. Those after it live as long as ever, however long it takes a test to come to them. @param {number} seconds */
  liveOnce(seconds) {
    this.as.accessTtl = seconds;
  }

  /** Keeps answers to refreshes back, also of requests that have come, until the function that it returns is called. */
  hold() {
    /** @type {() => void} */
    let release = () => {};
    this.#gate = new Promise((resolve) => (release = resolve));
    return release;
  }

  /** Has a page that ends its own session, at once and asking nobody, and leads back (OpenID Connect RP-Initiated Logout, section 3). */
  offerEnd() {
    const { as } = this;
    as.metadata = { end_session_endpoint: `${as.issuer}/end` };
    const { onOther } = as;
    as.onOther = (asked) => {
      if (asked.path !== "/end") return onOther(asked);
      const form = new URLSearchParams(asked.body);
      return { status: 303, headers: { location: `${form.get("post_logout_redirect_uri")}?state=${form.get("state")}` } };
    };
    return as;
  }

  close() {
    return this.as.close();
  }

  /** @param {URLSearchParams} query @returns {Given} */
  #authorize(query) {
    this.as.nonce = query.get("nonce") ?? "";
    const back = new URL(query.get("redirect_uri") ?? "");
    back.searchParams.set("state", query.get("state") ?? "");
    back.searchParams.set("iss", this.issuer);
    if (query.get("prompt") === "none" && !this.knowsUser) {
      back.searchParams.set("error", "login_required");
    } else {
      const code = `code-${randomBytes(24).toString("base64url")}`;
      this.codes.push(code);
      back.searchParams.set("code", code);
    }
    return { status: 302, headers: { location: back.href } };
  }
}
