/** The servers as a process: flags in, one line of JSON out, and a clean end. */

// stdout carries that one line and nothing else, whatever a library prints.
console.log = console.info = console.debug = console.error;

const { readFlags, HELP } = await import("./flags.mjs");
const { fail, log, serveUntilStopped } = await import("./process.mjs");

async function main() {
  const options = readFlags(process.argv.slice(2), process.env);
  if (options === "help") {
    process.stdout.write(HELP);
    return;
  }

  // Only now: a wrong flag need not wait for the library to load.
  const { startServers } = await import("./servers.mjs");
  const servers = await startServers({ ...options, log });
  serveUntilStopped(servers, { issuer: servers.issuer, resource: servers.resource, control: servers.control });
}

main().catch(fail);
