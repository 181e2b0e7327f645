import type { IncomingMessage } from "node:http";
import type { ProxyOptions } from "vite";

/** Looks at calls that the Worker has no upstream for, and says once of each what it takes. A page sees no more than a 404. */
export function watchUpstreams(say: (problem: string) => void): NonNullable<ProxyOptions["configure"]> {
  return (proxy) => {
    const said = new Set<string>();
    proxy.on("proxyRes", (answer: IncomingMessage, request: IncomingMessage) => {
      const [, name = ""] = /^\/api\/([\w-]+)/.exec(request.url ?? "") ?? [];
      // An upstream's own 404 has no such header.
      if (!name || said.has(name) || answer.headers["everlit-code"] !== "not_found") return;
      said.add(name);
      // Its configuration knows no other letters.
      const known = name.toLowerCase().replaceAll("-", "_");
      const called = known === name ? "" : `, which is called at /api/${known}`;
      say(
        `The Worker has no upstream "${name}", so ${request.method} /api/${name} was answered 404. An API that the Worker is to call is named in its configuration: ` +
          `[vars.UPSTREAM_${known.toUpperCase()}] with origin = "https://..." (wrangler.toml)${called}. What another server answers in development needs an entry of its ` +
          `own in server.proxy, which goes before the Worker's: "/api/${name}": "http://localhost:3000".`,
      );
    });
  };
}
