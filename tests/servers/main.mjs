/** The servers as a process: flags in, one line of JSON out, and a clean end. */

// stdout carries that one line and nothing else, whatever a library prints.
console.log = console.info = console.debug = console.error;

const { readFlags, HELP, UsageError } = await import("./flags.mjs");
const { PortError } = await import("./listener.mjs");

/** @param {string} line */
const log = (line) => { process.stderr.write(`${line}\n`); };

/** @param {unknown} error @returns {never} */
function fail(error) {
  if (error instanceof UsageError || error instanceof PortError) log(error.message);
  else log(error instanceof Error ? String(error.stack) : String(error));
  process.exit(error instanceof UsageError ? 2 : 1);
}

async function main() {
  const options = readFlags(process.argv.slice(2), process.env);
  if (options === "help") {
    process.stdout.write(HELP);
    return;
  }

  // Only now: a wrong flag need not wait for the library to load.
  const { startServers } = await import("./servers.mjs");
  const servers = await startServers({ ...options, log });

  let stopping = false;
  const stop = () => {
    // The second time somebody means it.
    if (stopping) process.exit(1);
    stopping = true;
    servers.close().then(() => process.exit(0), fail);
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);

  // Whoever started the servers holds their stdin: if that process dies, however it dies, they end too.
  process.stdin.once("end", stop);
  process.stdin.once("error", stop);
  process.stdin.resume();

  process.stdout.write(`${JSON.stringify({
    ready: true,
    issuer: servers.issuer,
    resource: servers.resource,
    control: servers.control,
  })}\n`);
}

main().catch(fail);
