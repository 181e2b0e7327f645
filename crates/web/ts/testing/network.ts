import { HEADER_CODE, HEADER_EPOCH } from "../abi.js";
import type { Answer } from "../transport.js";
import { Answers } from "./answers.js";
import type { Time } from "./time.js";
import type { TestRequest } from "./types.js";
import type { Worker } from "./worker.js";

const NOTHING: Answer = { status: 0, retryAfter: NaN };

/** The token of an upstream that the page calls by itself, if a call has one of ours. It begins so in every test. */
const tokenIn = (headers: Headers) => /^Bearer (everlit-test\..*)/.exec(headers.get("authorization") ?? "")?.[1];

/** The login that a call belongs to, if it is one of a session under test. */
export const loginOf = (headers: Headers) => tokenIn(headers)?.split(".")[1] ?? headers.get(HEADER_EPOCH);

/** Those of all sessions under test. */
export const networks = new Set<Network>();

/** What lies between a browser, its Worker and the APIs behind that. */
export class Network {
  readonly answers = new Answers();
  readonly requests: TestRequest[] = [];
  /** Whether there is one. */
  reaches = true;
  /** How long each answer takes, in milliseconds. */
  delay = 0;
  /** How many answers get lost from here on. */
  losing = 0;
  readonly #time: Time;
  readonly #worker: Worker;

  constructor(time: Time, worker: Worker) {
    this.#time = time;
    this.#worker = worker;
    networks.add(this);
  }

  /** A question to the Worker. */
  async question(path: string, signal: AbortSignal, given?: () => object, method = given ? "POST" : "GET"): Promise<Answer> {
    // As it travels: what is undefined is not there.
    const body = given && JSON.parse(JSON.stringify(given()));
    this.requests.push({ path, body, at: this.#time.date });
    this.#time.traffic += 1;
    if (!this.reaches) return NOTHING;
    const answer = this.#worker.answer(path, body, method);
    const lost = this.losing > 0;
    if (lost) this.losing -= 1;
    await this.#wait(signal);
    this.#time.traffic += 1;
    return lost || signal.aborted || !this.reaches ? NOTHING : answer;
  }

  /** Whether a call is one of its browser. */
  carries(headers: Headers): boolean {
    return this.#epochs.has(loginOf(headers)!);
  }

  /** The logins that there were. */
  readonly #epochs = new Set<string>();

  /** There is another login. */
  meet(): void {
    this.#epochs.add(`${this.#worker.epoch}`);
  }

  /** A call of the app, as it comes to the Worker. */
  async call(request: Request): Promise<Response> {
    this.#time.traffic += 1;
    try {
      await this.#wait(request.signal);
      request.signal.throwIfAborted();
      if (!this.reaches) throw new TypeError("fetch failed: the browser is offline in this test");
      const token = tokenIn(request.headers);
      if (token) return await this.#direct(request, token);
      const { pathname, search } = new URL(request.url);
      const [, , name, ...rest] = pathname.split("/");
      const code = this.#worker.refuse(request.headers.get(HEADER_EPOCH), name);
      if (code) return new Response("{}", { status: code === "link_required" ? 409 : 401, headers: { [HEADER_CODE]: code } });
      const upstream = this.#worker.settings.upstreams.find((each) => each.name === name);
      if (!upstream) return new Response("no such upstream", { status: 404 });
      const needed = upstream.service && this.#worker.services.refuse(upstream.service);
      if (needed) return needed;
      const path = `/${rest.join("/")}`;
      const address = upstream.origin + upstream.path.replace(/\/$/, "") + path + search;
      const { method, headers, signal } = request;
      const body = await request.text();
      const passed = new Request(address, { method, headers, signal, ...(body && { body }) });
      passed.headers.delete(HEADER_EPOCH);
      return await this.answers.answer(passed, path);
    } finally {
      this.#time.traffic += 1;
    }
  }

  /** A call that the page makes by itself. Browsers show nothing of where it is sent elsewhere. */
  async #direct(request: Request, token: string): Promise<Response> {
    const { origin, pathname } = new URL(request.url);
    const upstream = this.#worker.settings.upstreams.find(({ name, origin: theirs }) => theirs === origin && name === token.split(".")[2]);
    if (!upstream || !this.#worker.takes(token)) return new Response(null, { status: 401 });
    const response = await this.answers.answer(request, pathname.slice(upstream.path.replace(/\/$/, "").length) || "/");
    const elsewhere = response.status >= 300 && response.status < 400 && response.headers.has("location");
    return elsewhere ? Object.defineProperty(Response.error(), "type", { value: "opaqueredirect" }) : response;
  }

  #wait(signal: AbortSignal) {
    if (!this.delay || signal.aborted) return;
    return new Promise<void>((done) => {
      const stop = this.#time.after(this.delay, done);
      signal.addEventListener("abort", () => {
        stop();
        done();
      });
    });
  }
}
