/**
 * As much of a browser as a login needs: cookies with their SameSite, Fetch Metadata, redirects that the caller sees.
 *
 * It speaks `node:http`, as Node's own fetch will not send the headers that a browser sends.
 */

import { Agent, request } from "node:http";

/** @typedef {{ status: number, headers: import("node:http").IncomingHttpHeaders, text: string, bytes: Buffer, json: any, url: URL }} Answer */
/** @typedef {"none" | "same-origin" | "same-site" | "cross-site"} Site */

const LIMIT_MS = 40_000;
/** A connection for each request: one that is kept may be closed by workerd, which does so after 5 s, in the moment of its use. */
const AGENT = new Agent({ keepAlive: false });

/**
 * One request, as it is: no cookies, no redirects.
 *
 * @param {string | URL} url
 * @param {{ method?: string, headers?: Record<string, string>, body?: string | Buffer, limitMs?: number, signal?: AbortSignal }} [options] a signal hangs up
 * @returns {Promise<Answer>}
 */
export function send(url, { method = "GET", headers = {}, body, limitMs = LIMIT_MS, signal } = {}) {
  const target = new URL(url);
  return new Promise((resolve, reject) => {
    // `localhost` may be ::1 first; both of our servers listen on 127.0.0.1.
    const options = { agent: AGENT, host: "127.0.0.1", port: target.port, path: target.pathname + target.search, method, signal, headers: { host: target.host, ...headers } };
    const outgoing = request(options, (incoming) => {
      const chunks = /** @type {Buffer[]} */ ([]);
      incoming.on("data", (chunk) => chunks.push(chunk));
      incoming.on("error", reject);
      incoming.on("end", () => {
        const bytes = Buffer.concat(chunks);
        const packed = incoming.headers["content-encoding"];
        const text = packed ? "" : bytes.toString("utf8");
        let json;
        if (text && /json/.test(incoming.headers["content-type"] ?? "")) json = JSON.parse(text);
        // What the Worker wrote down before it answered comes through another pipe: it is there when this turn of the event loop is over.
        setImmediate(resolve, { status: incoming.statusCode ?? 0, headers: incoming.headers, text, bytes, json, url: target });
      });
    });
    outgoing.setTimeout(limitMs, () => outgoing.destroy(new Error(`no answer within ${limitMs} ms: ${method} ${target.pathname}`)));
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

export class Browser {
  /** By host, which is how browsers keep them: a port makes no difference. @type {Map<string, Map<string, { value: string, sameSite: string, path: string }>>} */
  #jars = new Map();
  /** Every answer, for whoever looks for what must not be in any. @type {Answer[]} */
  seen = [];

  /** @param {string} app origin */
  constructor(app) {
    this.app = app;
  }

  /** The value of a cookie at the app. @param {string} name */
  cookie(name) {
    return this.#jars.get(new URL(this.app).hostname)?.get(name)?.value;
  }

  /** @param {string} name @param {string} value @param {string} [sameSite] */
  setCookie(name, value, sameSite = "strict") {
    this.#jar(new URL(this.app).hostname).set(name, { value, sameSite, path: "/" });
  }

  /** @param {string} name */
  dropCookie(name) {
    this.#jar(new URL(this.app).hostname).delete(name);
  }

  /** Forgets the cookies of a host, as a browser does that keeps them from a frame. @param {string} host */
  forget(host) {
    this.#jars.delete(host);
  }

  /**
   * A navigation, of the whole page. Redirects are not followed.
   *
   * @param {string | URL} url
   * @param {{ site?: Site, method?: string, form?: Record<string, string>, headers?: Record<string, string> }} [options]
   */
  async navigate(url, { site = "none", method = "GET", form, headers = {} } = {}) {
    const metadata = { "sec-fetch-site": site, "sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "upgrade-insecure-requests": "1" };
    const type = form ? { "content-type": "application/x-www-form-urlencoded" } : {};
    const body = form && new URLSearchParams(form).toString();
    return this.#exchange(new URL(url, this.app), { method, headers: { ...metadata, ...type, ...headers }, body }, site === "cross-site");
  }

  /**
   * A request of the app's own script.
   *
   * @param {string} path
   * @param {{ method?: string, json?: unknown, body?: string | Buffer, headers?: Record<string, string | undefined>, limitMs?: number, signal?: AbortSignal }} [options] undefined removes a header
   */
  async call(path, { method = "GET", json, body, headers = {}, limitMs, signal } = {}) {
    const own = { "everlit-version": "1", "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors", "sec-fetch-dest": "empty" };
    const write = method === "GET" || method === "HEAD" ? {} : { origin: this.app };
    const type = json === undefined ? {} : { "content-type": "application/json" };
    const wanted = Object.entries({ ...own, ...write, ...type, ...headers }).filter(([, value]) => value !== undefined);
    const payload = json === undefined ? body : JSON.stringify(json);
    return this.#exchange(new URL(path, this.app), { method, headers: Object.fromEntries(wanted), body: payload, limitMs, signal }, false);
  }

  /** @param {URL} url @param {any} options @param {boolean} crossSite */
  async #exchange(url, options, crossSite) {
    const jar = this.#jar(url.hostname);
    const cookie = this.#cookies(url, crossSite && (options.method === "GET" ? "link" : "form"));
    const answer = await send(url, { ...options, headers: { ...(cookie && { cookie }), ...options.headers } });
    for (const line of answer.headers["set-cookie"] ?? []) this.#keep(jar, line);
    this.seen.push(answer);
    return answer;
  }

  /** The `Cookie` header of a request of the app's own. @param {string} path */
  cookieHeader(path) {
    return this.#cookies(new URL(path, this.app), false);
  }

  /** @param {URL} url @param {false | "link" | "form"} crossSite a link of another site brings cookies that are `Lax`, a form does not */
  #cookies(url, crossSite) {
    const stays = (/** @type {string} */ sameSite) => crossSite && (sameSite === "strict" || (crossSite === "form" && sameSite === "lax"));
    const cookies = [...this.#jar(url.hostname)].filter(([, cookie]) => url.pathname.startsWith(cookie.path) && !stays(cookie.sameSite));
    return cookies.map(([name, { value }]) => `${name}=${value}`).join("; ");
  }

  /** @param {string} host */
  #jar(host) {
    const jar = this.#jars.get(host) ?? new Map();
    this.#jars.set(host, jar);
    return jar;
  }

  /** @param {Map<string, any>} jar @param {string} line */
  #keep(jar, line) {
    const [pair = "", ...attributes] = line.split(";").map((part) => part.trim());
    const at = pair.indexOf("=");
    const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
    const given = Object.fromEntries(attributes.map((text) => { const [key = "", ...rest] = text.split("="); return [key.toLowerCase(), rest.join("=")]; }));
    const gone = given["max-age"] === "0" || (given.expires && Date.parse(given.expires) <= Date.now());
    if (gone) jar.delete(name);
    else jar.set(name, { value, sameSite: (given.samesite ?? "lax").toLowerCase(), path: given.path ?? "/" });
  }
}
