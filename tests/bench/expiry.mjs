/** Starts the Worker with tokens that live for seconds, logs in, and waits until the token is dead. */

import { logIn } from "../worker/support/person.mjs";
import { startStack } from "../worker/support/stack.mjs";
import { pause } from "../worker/support/until.mjs";
import { askToken } from "./requests.mjs";
import { holding } from "./sides.mjs";
import { serve } from "./until-told.mjs";

const LIFETIME_S = 12;

const stack = await startStack({ accessTtl: LIFETIME_S });
const browser = stack.browser();
await logIn(browser);
const held = await holding(browser);
await pause(LIFETIME_S * 1000 + 200);
const before = stack.servers.counters().refresh_grants;
if (before !== 0) throw new Error(`${before} refresh grants before anybody asked`);

const { port, pid } = stack.workerd;
serve({ callers: { port, pid, requests: [askToken(port, held)] }, control: stack.servers.control }, [stack.close]);
