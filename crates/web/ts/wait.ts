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
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const settle = <V>(settle: (value: V) => void) => (value: V) => {
      signal?.removeEventListener("abort", aborted);
      settle(value);
    };
    const waiter: Waiter<T> = { resolve: settle(resolve), reject: settle(reject) };
    const aborted = () => {
      stop?.();
      waiter.reject(signal?.reason);
    };
    signal?.addEventListener("abort", aborted);
    start(waiter);
  });
}
