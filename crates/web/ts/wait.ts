/** Somebody who waits. Only the first call counts. */
export interface Waiter<T> {
  resolve(value: T): void;
  reject(reason: unknown): void;
}

/** A promise that also ends when the signal says so: with its reason, after `stop`. */
export function wait<T>(
  signal: AbortSignal | null | undefined,
  start: (waiter: Waiter<T>) => void,
  stop?: () => void,
): Promise<T> {
  let aborted: () => void;
  return new Promise<T>((resolve, reject) => {
    signal?.throwIfAborted();
    aborted = () => {
      stop?.();
      reject(signal!.reason);
    };
    signal?.addEventListener("abort", aborted);
    start({ resolve, reject });
  }).finally(() => signal?.removeEventListener("abort", aborted));
}

/** What comes, unless the signal says before that nobody waits for it any more. */
export const within = <T>(signal: AbortSignal | null | undefined, coming: () => Promise<T>): Promise<T> =>
  wait(signal, ({ resolve, reject }) => void coming().then(resolve, reject));
