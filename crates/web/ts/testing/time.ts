import type { Clock } from "../store/clock.js";

/** Something that is due. */
interface Timer {
  at: number;
  readonly due: () => void;
  /** Each so many milliseconds again; 0 for once. */
  readonly every: number;
}

/** So many steps of promises may lie between what is due and the question that it asks. */
const STEPS = 16;

const Channel = globalThis.MessageChannel;

/** A turn of the event loop that no fake timer holds up. */
export const turn = () =>
  new Promise<void>((done) => {
    const { port1, port2 } = new Channel();
    port1.onmessage = () => {
      port1.close();
      done();
    };
    port2.postMessage(0);
  });

/** Time that passes when it is told to. */
export class Time {
  /** Unix time. */
  date: number;
  /** Monotonic. */
  elapsed = 5_000;
  /** One more with all that is asked and answered. */
  traffic = 0;
  readonly #timers = new Set<Timer>();

  constructor(date: number) {
    this.date = date;
  }

  /** What components count down with. */
  readonly counting: Clock = {
    now: () => this.elapsed,
    every: (interval, tick) => this.#arm({ at: this.elapsed + interval, due: tick, every: interval }),
  };

  /** Calls `due` in so many milliseconds, unless what it gives back is called. */
  after(delay: number, due: () => void): () => void {
    return delay < Infinity ? this.#arm({ at: this.elapsed + Math.max(0, delay), due, every: 0 }) : () => {};
  }

  #arm(timer: Timer) {
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** Lets everything run that waits for its turn only. */
  async settle(): Promise<void> {
    for (let before; before !== this.traffic; ) {
      before = this.traffic;
      await turn();
      await turn();
    }
  }

  /** Lets so many milliseconds pass. */
  async pass(ms: number): Promise<void> {
    await this.settle();
    const end = this.elapsed + ms;
    for (;;) {
      let next: Timer | undefined;
      for (const timer of this.#timers) if (timer.at <= end && (!next || timer.at < next.at)) next = timer;
      this.#move(next ? Math.max(next.at, this.elapsed) : end);
      if (!next) break;
      const { traffic } = this;
      if (next.every) next.at += next.every;
      else this.#timers.delete(next);
      next.due();
      // A countdown that ticks for hours asks nobody.
      for (let steps = 0; steps < STEPS; steps += 1) await undefined;
      if (this.traffic !== traffic) await this.settle();
    }
    await this.settle();
  }

  /** Lets so many milliseconds pass in which nothing runs. */
  stand(ms: number): void {
    this.date += ms;
  }

  #move(elapsed: number) {
    this.date += elapsed - this.elapsed;
    this.elapsed = elapsed;
  }
}
