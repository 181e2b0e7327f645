import type { Plugin, ProxyOptions } from "vite";
import { watchLogins } from "./logins.js";
import { watchUpstreams } from "./upstreams.js";
import { askWorker } from "./worker.js";

/** How the dev server finds the Worker. */
export interface EverlitOptions {
  /**
   * Where the local Worker listens: scheme, host and port.
   * @default `http://localhost:8787`
   * @reason `wrangler dev` and `everlit dev` listen there
   */
  readonly worker?: string;
}

/** What the Worker answers, and nobody else; as `run_worker_first` in wrangler.toml. */
const OF_WORKER = "^/(auth|api|service)(/|\\?|$)|^/healthz(\\?|$)";

/**
 * Makes the page of the Vite dev server and a local Worker one origin: what goes to `/auth`, `/api`, `/service` and `/healthz` is handed on
 * to the Worker, the event socket included, and everything else is Vite's.
 *
 * ```ts
 * import everlit from "everlit/vite";
 * import { defineConfig } from "vite";
 *
 * export default defineConfig({ plugins: [everlit()] });
 * ```
 *
 * Browsers see one origin, Vite's, so that has to be the first of `ORIGINS` in the Worker's local configuration. The dev server says so
 * when it starts, if it is not. Host, Origin and Fetch Metadata reach the Worker as the browser sent them: they are what its cross-site
 * rule judges, and the proxy vouches for nobody. Builds are left as they are.
 *
 * All of `/api` is the Worker's, which answers 404 to what is none of its upstreams; the dev server says which one is missing. A path that
 * another server answers in development gets an entry of its own in `server.proxy`: those go first.
 */
export function everlit(options: EverlitOptions = {}): Plugin {
  const wrong = Object(options) === options ? Object.keys(options).find((name) => name !== "worker") : "";
  if (wrong !== undefined) {
    const came = wrong ? `has no option ${JSON.stringify(wrong)}` : `takes an object, not ${JSON.stringify(options)}`;
    throw new TypeError(`everlit() ${came}; its one option is worker: everlit({ worker: "http://localhost:8787" })`);
  }
  const worker = originOf(options.worker ?? "http://localhost:8787");
  let proxy: ProxyOptions;
  return {
    name: "everlit",
    config() {
      proxy = { target: worker, ws: true, changeOrigin: false, xfwd: false };
      return {
        // Pre-bundling moves a script away from the Wasm module and the chunks beside it.
        optimizeDeps: { exclude: ["everlit", "everlit/inline"] },
        server: { proxy: { [OF_WORKER]: proxy } },
        preview: { proxy: { [OF_WORKER]: proxy } },
      };
    },
    configureServer(server) {
      const { logger } = server.config;
      const say = (problem: string) => logger.error(`[everlit] ${problem}`, { timestamp: true });
      const watchers = [watchLogins(say), watchUpstreams(say)];
      proxy.configure = (...given) => watchers.forEach((watch) => watch(...given));
      server.httpServer?.once("listening", () => {
        const address = server.httpServer?.address();
        if (!address || typeof address === "string") return;
        const { https, host } = server.config.server;
        const name = typeof host === "string" && !/^(0\.0\.0\.0|::)$/.test(host) ? host : "localhost";
        const page = `${https ? "https" : "http"}://${name}:${address.port}`;
        void askWorker(worker, page).then((problem) => problem && say(problem));
      });
    },
  };
}

export default everlit;

/** Fails by name: a wrong address would only be seen as a proxy that answers nothing. */
function originOf(worker: string): string {
  const accepted = "expected scheme, host and port of the local Worker, such as http://localhost:8787";
  const url = URL.canParse(worker) ? new URL(worker) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) throw new TypeError(`everlit({ worker }): ${JSON.stringify(worker)} is no address; ${accepted}`);
  if (url.pathname !== "/" || url.search || url.hash || url.username || url.password) {
    throw new TypeError(`everlit({ worker }): it is to end after the port, and ends in ${JSON.stringify(url.username ? "a user name" : url.pathname)}; ${accepted}`);
  }
  return url.origin;
}
