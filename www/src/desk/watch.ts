/** Keeps prices fresh while somebody looks: never two questions at once, and none from a tab that nobody sees. */

import { type SessionErrorCode, isSessionError } from "everlit";
import { type Broker, type Id, IDS, type Quote } from "./broker.js";
import { DeskError, isCancelled } from "./calls.js";
import { pause } from "./strangle.js";

/** All prices, once in so many ms. Where each is a question of its own, they share the calls that a broker allows in a minute. */
const [TOGETHER_MS, EACH_MS] = [3_000, 1_400];
/** What a price did in a longer time without a look is asked for. */
const GAP_MS = 10 * 60_000;
/** What every call is answered with that nobody is signed in for. */
const OUT: readonly SessionErrorCode[] = ["ERR_SESSION_LOGGED_OUT", "ERR_SESSION_ENDED", "ERR_SESSION_DISPOSED"];
/** After an answer that was none. */
const TROUBLE_MS = 5_000;

export interface Watching {
  quote(quote: Quote): void;
  /** What a price did until now. */
  course(id: Id, prices: readonly number[]): void;
  /** Why prices do not come. Empty when they do. */
  trouble(words: string): void;
  /** Somebody cancelled: nothing is asked until `resume`. */
  paused(): void;
}

export class Watch {
  #broker: Broker;
  #tell: Watching;
  #signal: AbortSignal;
  #running = false;
  #paused = new AbortController();
  /** Until when it is known what each of them did. */
  #courses = new Map<Id, number>();

  constructor(broker: Broker, tell: Watching, signal: AbortSignal) {
    this.#broker = broker;
    this.#tell = tell;
    this.#signal = signal;
    document.addEventListener("visibilitychange", () => this.resume(), { signal });
  }

  /** Also after a pause. Where it runs, nothing happens. */
  resume(): void {
    if (this.#running || document.hidden || this.#signal.aborted) return;
    this.#running = true;
    this.#paused = new AbortController();
    void this.#run().finally(() => (this.#running = false));
  }

  /** Somebody cancelled elsewhere on the page: what is on its way here would only ask them again. */
  pause(): void {
    this.#paused.abort();
  }

  async #run(): Promise<void> {
    for (let turn = 0; !document.hidden; turn += 1) {
      try {
        await this.#once(turn);
        this.#tell.trouble("");
        // The first time round there is nothing on the page yet.
        const isFirst = !this.#broker.together && turn < IDS.length;
        await pause(this.#broker.together ? TOGETHER_MS : isFirst ? 60 : EACH_MS, AbortSignal.any([this.#signal, this.#paused.signal]));
      } catch (error) {
        if (this.#signal.aborted) return;
        // Who signs in again has it resumed.
        if (isSessionError(error) && OUT.includes(error.code)) return;
        if (isCancelled(error)) return this.#tell.paused();
        this.#tell.trouble(error instanceof DeskError ? error.message : "Prices cannot be had just now. They are asked for again.");
        await pause(TROUBLE_MS, this.#signal).catch(() => undefined);
      }
    }
  }

  async #once(turn: number): Promise<void> {
    const signal = AbortSignal.any([this.#signal, this.#paused.signal]);
    const ids = this.#broker.together ? IDS : IDS.slice(turn % IDS.length, (turn % IDS.length) + 1);
    for (const quote of await this.#broker.quotes(ids, "quotes", signal)) {
      this.#tell.quote(quote);
      if (quote.at - (this.#courses.get(quote.id) ?? -Infinity) > GAP_MS) {
        const course = await this.#broker.course(quote.id, quote.at, "course", signal);
        this.#tell.course(quote.id, [...course, quote.last]);
      }
      this.#courses.set(quote.id, quote.at);
    }
  }
}
