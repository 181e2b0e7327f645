/** How long to wait for the lock. It saves requests; nothing hangs on it. */
const BUDGET_MS = 8_000;

/**
 * Does `work`, once, alone among the tabs of this origin where that can be had. Resolves when the lock is free again;
 * `work` must not reject, and no code of the app may run in it.
 */
export type Lock = (signal: AbortSignal, work: () => Promise<void>) => Promise<void>;

/** Web Locks, where they are there and work. */
export const underLock: Lock = async (signal, work) => {
  let working: Promise<void> | undefined;
  const patience = new AbortController();
  const stop = () => patience.abort();
  const budget = setTimeout(stop, BUDGET_MS);
  signal.addEventListener("abort", stop);
  try {
    // Patience that ends when the work has begun changes nothing.
    await navigator.locks.request("everlit", { signal: patience.signal }, () => (working = work()));
  } catch {
    // Missing, busy for too long, forbidden here, or broken while it was held (a page that was put into the back/forward cache).
  }
  clearTimeout(budget);
  if (!signal.aborted) working ??= work();
  await working;
};
