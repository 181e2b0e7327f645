/**
 * What a page's session costs in Chromium, beside the others: rounds in which all take turns. Ends with one line of JSON: milliseconds of
 * each round, microseconds of each batch of calls, and how often the Worker was asked.
 *
 * `node tests/bench/client/measure.mjs [rounds] [batches]`
 */

import { withStand } from "./stand.mjs";

const [rounds = 21, batches = 60] = process.argv.slice(2).map(Number);
/** Every page that is measured in each round. */
const PAGES = ["start-everlit", "start-auth0", "start-oidc", "load-everlit", "load-pair"];

const said = await withStand(async (stand) => {
  // The first visit of each is the server's and the browser's own warming up.
  for (const page of PAGES) await stand.visit(page);
  /** @type {Record<string, Record<string, any>[]>} */
  const seen = Object.fromEntries(PAGES.map((page) => [page, []]));
  for (let round = 0; round < rounds; round += 1) {
    // Nobody is always first.
    for (let at = 0; at < PAGES.length; at += 1) {
      const page = PAGES[(round + at) % PAGES.length] ?? "";
      seen[page]?.push(await stand.visit(page));
      if (page === "start-everlit") process.stderr.write(".");
    }
  }
  process.stderr.write("\n");
  const { overheads } = await stand.visit("fetch");
  const of = (/** @type {string} */ page, field = "took") => seen[page]?.map((each) => each[field]);
  const ours = seen["start-everlit"] ?? [];
  return {
    start: { everlit: of("start-everlit"), auth0: of("start-auth0"), oidc: of("start-oidc") },
    load: { everlit: of("load-everlit"), pair: of("load-pair") },
    call: { first: of("start-everlit", "first"), second: of("start-everlit", "second") },
    fetch_overhead_us: overheads,
    // Up to the first of the calls that the page makes itself, but for one event socket: it is opened when the session is, before or after that.
    requests_at_start: ours.map(({ asked }) => {
      const socket = asked.indexOf("GET /auth/events");
      return asked.filter((/** @type {string} */ _, /** @type {number} */ at) => at !== socket).indexOf("GET /api/orders");
    }),
    files_at_start: ours.map(({ files }) => files.length),
  };
}, { batches });
process.stdout.write(`${JSON.stringify(said)}\n`);
