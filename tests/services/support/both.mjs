/** Both Workers' real bundles in one workerd, as they are deployed: the edge Worker has the address, and the services Worker behind a binding. */

import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { Browser, send } from "../../worker/support/browser.mjs";
import { secretText } from "../../worker/support/stack.mjs";
import { BUILD as EDGE, OBJECTS } from "../../worker/support/workerd.mjs";
import { WorkerdProcess } from "../../worker/support/workerd-process.mjs";
import { BUILD, KEY, OPERATOR_KEY } from "./services.mjs";

const BUNDLE = ["index.js", "index_bg.wasm"];

/**
 * @param {(app: string) => Promise<Record<string, unknown>>} describe the variables of the services Worker, once it is known where the app is
 * @param {{ bound?: boolean }} [options] `bound`: whether the edge Worker knows the other
 */
export async function startBoth(describe, { bound = true } = {}) {
  const { folder, port } = await WorkerdProcess.prepare(BUNDLE.map((name) => join(EDGE, name)));
  const workerd = new WorkerdProcess(folder, port);
  const app = `http://localhost:${port}`;
  try {
    await mkdir(join(folder, "services"));
    await copyFile(fileURLToPath(new URL("look.js", import.meta.url)), join(folder, "services/look.js"));
    for (const name of BUNDLE) await copyFile(join(BUILD, name), join(folder, "services", name));
    const services = {
      modules: ["look.js", ...BUNDLE].map((name) => `services/${name}`),
      objects: { VAULT: "ServiceVault", BACKUP: "ServiceBackup" },
      variables: {
        ORIGINS: [app],
        SECRET_SESSION_KEY: secretText(),
        SECRET_CALLER_REPORTS_KEY: KEY,
        SECRET_CALLER_OPERATOR_KEY: OPERATOR_KEY,
        ...(await describe(app)),
      },
    };
    await workerd.set({
      modules: BUNDLE,
      objects: OBJECTS,
      itself: ["ROTATOR"],
      bound: bound ? { SERVICES: "services", SERVICES_USERS: "services#ForUsers" } : {},
      beside: { services },
      variables: {
        ORIGINS: [app],
        PROVIDER_DEMO: { kind: "oidc", issuer: "http://127.0.0.1:9", client_id: "nobody" },
        UPSTREAM_ORDERS: { origin: "http://127.0.0.1:9" },
        SECRET_SESSION_KEY: secretText(),
        SECRET_DEMO_CLIENT_SECRET: secretText(),
      },
    });
    await workerd.begin();
  } catch (error) {
    await workerd.close();
    throw error;
  }
  /** One request of a program. @param {string} method @param {string} path @param {{ key?: string | null, body?: object, headers?: Record<string, string> }} [options] */
  const ask = (method, path, { key = KEY, body, headers = {} } = {}) =>
    send(`${app}${path}`, {
      method,
      headers: { ...(key ? { authorization: `Bearer ${key}` } : {}), ...(body ? { "content-type": "application/json" } : {}), ...headers },
      body: body && JSON.stringify(body),
    });
  return {
    app,
    workerd,
    ask,
    /** What reached the services Worker last. */
    looked: async () => (await ask("GET", "/service/looked", { key: null })).json,
    browser: () => new Browser(app),
    close: () => workerd.close(),
  };
}
