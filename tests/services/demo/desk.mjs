/** What a person at the terminal can do while the demo runs: commands to copy, and a small server that moves the clocks. */

import { sendJson, sendProblem, RequestError, pathOf } from "../../servers/http.mjs";
import { listen } from "../../servers/listener.mjs";
import { inWords } from "./receiver.mjs";
import { World } from "./world.mjs";

const [MINUTE, HOUR] = [60_000, 3_600_000];

/**
 * @param {{ provider: string, port: number | undefined, say: (world: World, words: string) => void }} asked
 */
export async function startDesk({ provider, port, say }) {
  const world = await World.start(provider, { port, heard: (at, alert) => say(at, inWords(alert)) });
  const { notify_path: path } = await world.ask("GET", "status");
  if (path !== undefined) await world.standIn.act("configure", { notifierUrl: world.services.origin + path });

  const desk = await listen(0, { what: "desk", flag: "nothing" });
  desk.serve(async (req, res) => {
    try {
      // A page of a browser has no business here; a person's command sends neither.
      if (req.headers.origin || req.headers["sec-fetch-site"]) throw new RequestError(403, "This is for commands, not for pages.");
      if (req.method !== "POST") throw new RequestError(405, "Everything here is a POST.");
      sendJson(res, 200, await act(world, pathOf(req).slice(1)));
    } catch (error) {
      const known = error instanceof RequestError;
      sendProblem(res, known ? error.status : 500, error instanceof Error ? error.message : "Something went wrong.");
    }
  });
  const about = {
    url: world.services.origin,
    service: world.url,
    stand_in: world.standIn.origin,
    control: world.standIn.control,
    desk: desk.origin,
    operator_key: world.keys.operator ?? "",
    commands: commands(world, desk.origin),
  };
  const close = async () => void (await Promise.all([desk.close(), world.close()]));
  return { world: { close }, about };
}

/** @param {World} world @param {string} wanted the path without its slash @returns {Promise<object>} */
async function act(world, wanted) {
  if (wanted === "approve" && world.broker.ways.includes("approve")) return world.standIn.act("approve");
  const [, sign, amount, unit] = /^clock\/(\+)(\d{1,4})([mh])$/.exec(wanted) ?? [];
  const [, hour, minute] = /^clock\/([01]?\d|2[0-3]):([0-5]\d)$/.exec(wanted) ?? [];
  if (!sign && !hour) {
    throw new RequestError(404, `There is /clock/03:20 (both clocks go on to the next time at which clocks in India show that), /clock/+30m and /clock/+2h${world.broker.ways.includes("approve") ? ", and /approve" : ""}; not /${wanted}.`);
  }
  await world.moveTo(sign ? world.now() + Number(amount) * (unit === "m" ? MINUTE : HOUR) : world.next(Number(hour), Number(minute)));
  const { status, time_left } = await world.ask("GET", "status");
  return { india: world.shown, status, time_left };
}

/**
 * What to copy, in the order in which it makes sense.
 *
 * @param {World} world @param {string} desk
 * @returns {{ does: string, command: string }[]}
 */
function commands(world, desk) {
  const [hour, minute] = world.broker.cutoff;
  const shown = (/** @type {number} */ minutes) => [Math.floor(((minutes + 1_440) % 1_440) / 60), (minutes + 1_440) % 60].map((part) => String(part).padStart(2, "0")).join(":");
  const at = hour * 60 + minute;
  const curl = (/** @type {string} */ rest) => `curl -s -H "$KEY" ${rest}`;
  return [
    { does: "the operator's key of this run", command: `KEY='Authorization: Bearer ${world.keys.operator}'` },
    { does: "where it stands", command: curl(`${world.url}/status`) },
    { does: "what a program asks for: a token, or why there is none", command: curl(`-X POST ${world.url}/token`) },
    { does: "a link for the operator's browser, good for two minutes; any name and password log in", command: curl(`-X POST ${world.url}/login`) },
    { does: "hand in what was copied: a token, a code, or the whole address", command: curl(`-X PUT -d '{"credential":"..."}' ${world.url}/credential`) },
    { does: `move both clocks to ten minutes before the cutoff at ${shown(at)} in India`, command: `curl -X POST ${desk}/clock/${shown(at - 10)}` },
    { does: "and past it", command: `curl -X POST ${desk}/clock/${shown(at + 1)}` },
    ...(world.broker.ways.includes("approve") ? [{ does: "approve on the telephone what the Worker asked the provider for", command: `curl -X POST ${desk}/approve` }] : []),
    { does: "on by a while", command: `curl -X POST ${desk}/clock/+2h` },
  ];
}
