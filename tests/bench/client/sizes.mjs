/** What a page loads of others for a part of what Everlit does: minified, brotli 11. Ends with one line of JSON, bytes. */

import { weight } from "./bundles.mjs";

const OIDC = 'export * from "oidc-client-ts";';
const sizes = {
  oidc_client_ts_brotli: await weight(OIDC),
  oidc_client_ts_react_idle_timer_brotli: await weight(`${OIDC} export * from "react-idle-timer";`, ["react"]),
  oidc_client_ts_query_core_brotli: await weight(`${OIDC} export * from "@tanstack/query-core";`),
  auth0_spa_js_brotli: await weight('export * from "@auth0/auth0-spa-js";'),
};
process.stdout.write(`${JSON.stringify(sizes)}\n`);
