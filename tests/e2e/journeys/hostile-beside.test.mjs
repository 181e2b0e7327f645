// The same with a Worker on a sibling host of the app's, which it names in APP_ORIGINS: no other sibling, and no other port of a host that is
// named, may do what that app may.

import { hostility } from "../lab/hostility.mjs";

hostility("pages of somebody else, beside an app that is named,", [
  ["another site", "127.0.0.2", false],
  ["a sibling that is not named", "other.everlit.localhost", true],
  ["another port of the app's host", "app.everlit.localhost", true],
  ["another port of the Worker's host", "auth.everlit.localhost", true],
], { beside: true });
