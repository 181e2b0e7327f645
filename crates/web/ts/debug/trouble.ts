import { HEADER_VERSION, VERSION } from "../abi.js";
import type { Session } from "../session.js";
import type { Log } from "./recording.js";

/** What can be played. */
export type TroubleName = "expiry" | "lost" | "unavailable" | "throttled" | "skew" | "sleep" | "offline" | "logout";

/** One kind of trouble, as the panel offers it. */
export interface TroubleKind {
  readonly name: TroubleName;
  readonly label: string;
  /** What it really does, in a sentence. */
  readonly does: string;
  /** Whether it lasts until it is ended; else it is over by itself. */
  readonly lasts: boolean;
}

const HOUR_MS = 3_600_000;
/** What `Retry-After` asks for, in seconds. */
const WAIT_S = 5;

export const TROUBLES: readonly TroubleKind[] = [
  { name: "expiry", label: "Token ends", lasts: false, does: "The next answer says that the token ends in a second. The session asks for another one; the Worker's own token is as it was." },
  { name: "lost", label: "Lose a reply", lasts: false, does: "The next question reaches the Worker, and its answer gets lost." },
  { name: "unavailable", label: "503", lasts: true, does: `Questions do not reach the Worker: 503, come again in ${WAIT_S} s.` },
  { name: "throttled", label: "429", lasts: true, does: `Questions do not reach the Worker: 429, come again in ${WAIT_S} s.` },
  { name: "skew", label: "Clock skew", lasts: true, does: "The page's Date.now() says an hour more, as a computer's clock does that is set wrong. The app sees that, too." },
  { name: "sleep", label: "Freeze", lasts: true, does: "The page is said to be frozen, and to resume when this ends: no tab and no event socket is heard meanwhile. Timers and clocks go on, which a real sleep stops." },
  { name: "offline", label: "Offline", lasts: true, does: "Questions fail as without a network, and at its end the page is said to be online. The app's calls and the event socket go on." },
  { name: "logout", label: "Log out elsewhere", lasts: false, does: "Really ends the session at the Worker, as another tab would. This one hears of it from the event socket, or when it asks." },
];

/** The questions whose answers are meddled with. */
const ASKED = "/auth/session";
const QUESTIONS = ["/auth/token", ASKED];

/**
 * Trouble, played from outside: with what lies between a session and its Worker, and what the browser tells the page. The page's
 * `fetch` is another one while there is trouble, for questions to the session's Worker alone, and its own again afterwards; so is
 * `Date.now` while the clock is wrong.
 */
export class Troubles {
  /** Those that go on. */
  readonly playing = new Set<TroubleName>();
  readonly #session: Session;
  readonly #log: Log;
  readonly #changed: () => void;
  #restore: (() => void) | undefined;
  #setRight: (() => void) | undefined;

  constructor(log: Log, changed: () => void) {
    this.#log = log;
    this.#session = log.session;
    this.#changed = changed;
  }

  /** Begins one, or ends it. */
  toggle(name: TroubleName): void {
    if (this.playing.has(name)) return this.#end(name);
    this.#log.add({ kind: "played", trouble: name });
    if (name === "logout") return void this.#logout();
    this.playing.add(name);
    if (name === "sleep") document.dispatchEvent(new Event("freeze"));
    else {
      if (name === "skew") this.#setWrong();
      else this.#wrap();
      this.#ask();
    }
    this.#changed();
  }

  /** Ends them all. */
  stop(): void {
    for (const name of [...this.playing]) this.#end(name);
  }

  #end(name: TroubleName) {
    this.playing.delete(name);
    this.#log.add({ kind: "played", trouble: name, ended: true });
    if (!this.#meddling()) this.#restore?.();
    if (name === "skew") this.#setRight?.();
    if (name === "sleep") document.dispatchEvent(new Event("resume"));
    else if (name === "offline") globalThis.dispatchEvent(new Event("online"));
    else if (name === "skew") this.#ask();
    this.#changed();
  }

  /** Whether anything is played with questions and answers. */
  #meddling() {
    return [...this.playing].some((name) => name !== "sleep" && name !== "skew");
  }

  /** A question, so that there is something to see. It may well fail: that is what is played. */
  #ask() {
    this.#session.refresh().catch(() => {});
  }

  async #logout() {
    const headers = { [HEADER_VERSION]: `${VERSION}`, "content-type": "application/json" };
    await fetch(`${this.#worker}/auth/logout`, { method: "POST", headers, body: JSON.stringify({ v: VERSION }), credentials: "include" }).catch(() => {});
  }

  /** Where the session's Worker is: where the app has said, or else where this page has asked for its session. */
  get #worker(): string {
    const { baseUrl } = this.#log.options ?? {};
    if (baseUrl) return new URL(baseUrl).origin;
    const asked = performance.getEntriesByType("resource").map(({ name }) => new URL(name, location.href)).find(({ pathname }) => pathname === ASKED);
    return asked ? asked.origin : location.origin;
  }

  /** Puts another `fetch` in the place of the page's, once. */
  #wrap() {
    if (this.#restore) return;
    const real = globalThis.fetch;
    const worker = this.#worker;
    let over = false;
    const meddled: typeof fetch = (input, init) => (!over && isQuestion(input, worker) ? this.#answer(() => real(input, init)) : real(input, init));
    globalThis.fetch = meddled;
    this.#restore = () => {
      over = true;
      // Who has wrapped it since keeps what they have: it passes everything on.
      if (globalThis.fetch === meddled) globalThis.fetch = real;
      this.#restore = undefined;
    };
  }

  async #answer(send: () => Promise<Response>): Promise<Response> {
    const { playing } = this;
    if (playing.has("offline")) throw new TypeError("the debug panel plays that there is no network");
    if (playing.has("unavailable")) return refusal(503, "temporarily_unavailable");
    if (playing.has("throttled")) return refusal(429, "throttled");
    const response = await send();
    if (playing.has("lost")) {
      this.#end("lost");
      void response.body?.cancel().catch(() => {});
      throw new TypeError("the debug panel lost this answer");
    }
    return playing.has("expiry") ? this.#shorten(response) : response;
  }

  /** The computer's clock, as the page sees it. */
  #setWrong() {
    const real = Date.now;
    let over = false;
    const wrong = () => real.call(Date) + (over ? 0 : HOUR_MS);
    Date.now = wrong;
    this.#setRight = () => {
      over = true;
      if (Date.now === wrong) Date.now = real;
    };
  }

  /** The answer with a token that is about to end. */
  async #shorten(response: Response): Promise<Response> {
    const text = await response.text();
    let said: Record<string, unknown>;
    try {
      said = JSON.parse(text);
    } catch {
      return new Response(text, response);
    }
    if (typeof said.expires_in === "number") {
      said.expires_in = Math.min(said.expires_in, 1);
      this.#end("expiry");
    }
    const { status, headers } = response;
    return new Response(JSON.stringify(said), { status, headers });
  }
}

function isQuestion(input: RequestInfo | URL, worker: string): boolean {
  const { origin, pathname } = new URL(input instanceof Request ? input.url : input, document.baseURI);
  return origin === worker && QUESTIONS.includes(pathname);
}

/** What the Worker would say. */
function refusal(status: number, code: string): Response {
  const body = { type: `urn:everlit:problem:${code}`, title: "The debug panel plays this.", status, code, retry_after: WAIT_S };
  return new Response(JSON.stringify(body), { status, headers: { "content-type": "application/problem+json", "retry-after": `${WAIT_S}` } });
}
