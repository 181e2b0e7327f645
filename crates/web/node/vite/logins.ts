import type { IncomingMessage } from "node:http";
import type { ProxyOptions } from "vite";
import { notOurs } from "./worker.js";

/** Looks at where a login is sent, and says once if it will not come back to the page. */
export function watchLogins(say: (problem: string) => void): NonNullable<ProxyOptions["configure"]> {
  return (proxy) => {
    let said = false;
    proxy.on("proxyRes", (answer: IncomingMessage, request: IncomingMessage) => {
      const { location } = answer.headers;
      if (said || !location || !/^\/auth\/login\b/.test(request.url ?? "")) return;
      const scheme = (request.socket as { encrypted?: boolean }).encrypted ? "https" : "http";
      const page = `${scheme}://${request.headers.host}`;
      const back = backOf(location, page);
      if (!back || back === page) return;
      said = true;
      say(notOurs(page));
    });
  };
}

/** The origin that a login comes back to, as far as its first redirect tells. */
function backOf(location: string, page: string): string | undefined {
  const target = URL.canParse(location, page) ? new URL(location, page) : undefined;
  if (target?.pathname === "/auth/login") return target.origin;
  const back = target?.searchParams.get("redirect_uri");
  return back && URL.canParse(back) ? new URL(back).origin : undefined;
}
