/** Says in one line of JSON what is there, and stays until stdin closes or a signal comes; then everything is closed. */

/** @param {unknown} ready @param {(() => unknown)[]} closers */
export function serve(ready, closers) {
  let closing = false;
  const close = async () => {
    if (closing) return;
    closing = true;
    await Promise.allSettled(closers.map((closer) => closer()));
    process.exit(0);
  };
  for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, close);
  process.stdin.on("end", close).on("error", close).resume();
  process.stdout.write(`${JSON.stringify(ready)}\n`);
}
