// Pages of another site, and of another port of the app's host, whose cookies it shares.

import { hostility } from "../lab/hostility.mjs";

hostility("pages of somebody else", [["another site", "127.0.0.2", false], ["another port of the app's host", "localhost", true]]);
