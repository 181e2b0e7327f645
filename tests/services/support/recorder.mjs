/** What stands between the Worker and a broker's stand-in, and sees all that goes by: every byte of it, and nothing is changed. */

import { request as send } from "node:http";

import { listen } from "../../servers/listener.mjs";

/** @typedef {{ method: string, target: string, headers: Record<string, string>, body: string, raw: string }} Seen */

/** @param {string} origin of the stand-in */
export async function startRecorder(origin) {
  const listener = await listen(0, { what: "recorder", flag: "none" });
  /** @type {Seen[]} */
  const calls = [];
  /** @type {{ reached: () => void, released: Promise<void> } | undefined} */
  let held;
  let stalls = 0;

  listener.serve(async (req, res) => {
    /** @type {Buffer[]} */
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const { method = "", url: target = "" } = req;
    const headers = Object.fromEntries(Object.entries(req.headers).map(([name, value]) => [name, String(value)]));
    calls.push({ method, target, headers, body: body.toString(), raw: `${method} ${target}\n${req.rawHeaders.join("\n")}\n\n${body}` });
    const hold = held;
    held = undefined;
    const passed = send(new URL(target, origin), { method, headers: { ...req.headers, host: new URL(origin).host } }, async (answer) => {
      hold?.reached();
      await hold?.released;
      res.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      if (stalls > 0) {
        stalls -= 1;
        answer.once("data", (chunk) => res.write(chunk.subarray(0, 5)));
      } else answer.pipe(res);
    });
    passed.on("error", () => res.destroy()).end(body);
  });

  return {
    origin: listener.origin,
    calls,
    /** Holds the next answer back, once it is there. */
    hold() {
      const [reached, released] = [gate(), gate()];
      held = { reached: reached.open, released: released.passed };
      return { reached: reached.passed, release: released.open };
    },
    /** So many of the next answers stop after their first five letters, and do not end. @param {number} count */
    stall(count) {
      stalls = count;
    },
    close: listener.close,
  };
}

function gate() {
  let open = () => {};
  const passed = new Promise((/** @type {(value?: undefined) => void} */ resolve) => { open = () => resolve(); });
  return { open, passed };
}
