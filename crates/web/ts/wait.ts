/** Somebody who waits. Only the first call counts. */
export interface Waiter<T> {
  resolve(value: T): void;
  reject(reason: unknown): void;
}

type Signal = AbortSignal | null | undefined;

/** A promise that also ends when the signal says so, or the other one: with its reason, after `stop`. */
export const wait = EAGER(<T>(signal: Signal, start: (waiter: Waiter<T>) => void, stop?: () => void, other?: Signal): Promise<T> => {
  const signals = [other, signal];
  let aborted: (event: Event) => void;
  return new Promise<T>((resolve, reject) => {
    aborted = ({ target }) => {
      stop?.();
      reject((target as AbortSignal).reason);
    };
    for (const each of signals) {
      each?.throwIfAborted();
      each?.addEventListener("abort", aborted);
    }
    start({ resolve, reject });
  }).finally(() => {
    for (const each of signals) each?.removeEventListener("abort", aborted);
  });
});

/** What comes, unless the signal says before that nobody waits for it any more. */
export const within = <T>(signal: Signal, coming: () => Promise<T>): Promise<T> =>
  wait(signal, ({ resolve, reject }) => void coming().then(resolve, reject));
