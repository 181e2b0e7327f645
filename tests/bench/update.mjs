/**
 * From the click on "Update" to the answer of the call that waited, beside the two requests of which that is made, by hand: the token handed in, which
 * the broker is asked about, and the call. Both take turns, a day of the broker's each; both Workers and the wire are real, the broker is a stand-in.
 * The last line is all that was measured, in milliseconds.
 */

import { until } from "../worker/support/until.mjs";
import { desk } from "../services/support/people.mjs";
import { india } from "../services/support/stack.mjs";
import { openTab } from "../services/support/tab.mjs";

const ROUNDS = 41;
/** Of each, which are not counted. */
const WARM_UP = 5;
const VAULT = "service:breeze";
const CALL = "/api/breeze/breezeapi/api/v1/dematholdings";

const ends = /** @type {(() => unknown)[]} */ ([]);
try {
  const on = await desk({ after: (end) => ends.unshift(end) }, "breeze");
  const ada = await on.person("ada");
  const { session, people, sent } = await openTab(ada);
  ends.unshift(() => session.close());
  await on.accepted();
  const measured = { update: /** @type {number[]} */ ([]), hand: /** @type {number[]} */ ([]), requests: /** @type {number[]} */ ([]) };
  for (let day = 1; day <= 2 * (ROUNDS + WARM_UP); day += 1) {
    await on.go(india("00:05", day));
    const isCounted = day > 2 * WARM_UP;
    if (day % 2) {
      const call = session.fetch(CALL);
      await until("the dialog", async () => people.asked[0]?.waiting === 1);
      const token = await on.token();
      sent.splice(0);
      const began = performance.now();
      void people.submit(VAULT, token);
      const { status } = await call;
      const took = performance.now() - began;
      if (status !== 200) throw new Error(`the call that waited came to ${status}`);
      if (isCounted) measured.update.push(took);
      // The dialog is shown a moment longer; nothing of that is a request.
      await until("the end of the dialog", async () => people.asked.length === 0);
      // The session's own token is renewed when it is time, whatever anybody clicks.
      if (isCounted) measured.requests.push(sent.filter(({ path }) => !path.startsWith("/auth/")).length);
    } else {
      await fetch(CALL, { headers: { "everlit-version": "1" } });
      const token = await on.token();
      const began = performance.now();
      const put = await fetch("/service/breeze/credential", { method: "PUT", body: JSON.stringify({ credential: token }), headers: { "content-type": "application/json" } });
      await put.json();
      const answer = await fetch(CALL);
      const took = performance.now() - began;
      if (put.status !== 200 || answer.status !== 200) throw new Error(`by hand it came to ${put.status} and ${answer.status}`);
      if (isCounted) measured.hand.push(took);
    }
  }
  console.log(JSON.stringify(measured));
} finally {
  for (const end of ends) await end();
}
