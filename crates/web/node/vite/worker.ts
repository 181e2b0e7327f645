const WAIT_MS = 5_000;

/** Asks the Worker whether it takes this page for its own, and gives what is wrong, in words. It asks in nobody's name. */
export async function askWorker(worker: string, page: string): Promise<string | undefined> {
  let response: Response;
  try {
    // As a browser without Fetch Metadata would: then the origin decides.
    response = await fetch(`${worker}/auth/session`, {
      headers: { origin: page, "everlit-version": "1" },
      redirect: "manual",
      signal: AbortSignal.timeout(WAIT_MS),
    });
  } catch {
    return `No Worker answers at ${worker}: start it (\`npx wrangler dev\`), or name its address: everlit({ worker: "http://localhost:8787" }).`;
  }
  const { code, detail } = (await response.json().catch(() => ({}))) as { code?: string; detail?: string };
  if (code === "cross_site") return notOurs(page);
  if (code === "misconfigured") return `The Worker at ${worker} is misconfigured${detail ? `: ${detail}` : ""}. Its own log says more.`;
  if (!response.headers.get("content-type")?.includes("json")) return `What answers at ${worker} is no Everlit Worker: /auth/session gave ${response.status} without JSON.`;
  return undefined;
}

/** What to do where the Worker does not know the origin of the dev server, or not as its first. */
export function notOurs(page: string): string {
  return (
    `The Worker's ORIGINS do not begin with ${page}, where this dev server's page is: logins would end elsewhere, and events be refused. ` +
    `In the Worker's local configuration set ORIGINS = ["${page}"] (wrangler.toml, or .dev.vars: ORIGINS=["${page}"]), and register ` +
    `${page}/auth/callback/<provider> at the authorization server. A fixed port helps: server: { port, strictPort: true }.`
  );
}
