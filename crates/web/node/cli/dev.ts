// `everlit dev`: a demo authorization server and the project's Worker, in one command.

import type { Check } from "./checks/check.js";
import { discovery } from "./checks/authorization-server.js";
import { addDevVars, DEV_VARS, freshSecret, readDevVars } from "./dev-vars.js";
import { startDemo, type Demo } from "./demo-server.js";
import { portOf, readOptions } from "./options.js";
import { freePort, isFree } from "./ports.js";
import { Problem } from "./problem.js";
import { installed, readProject, type Project } from "./project.js";
import { credentialOf, isLocal, loginProvider, originsOf, type Provider } from "./provider.js";
import { readable } from "./readable.js";
import { starterGone } from "./starter.js";
import { stampOf, texts } from "./wrangler-file.js";
import { WranglerProcess } from "./wrangler-process.js";

const USUAL_PORT = 8787;
const START_MS = 120_000;
/** Of what wrangler says: what the page's build says, and errors. The Worker's own lines are JSON, and the rest is how it is set up. */
const MATTERS = /^\[custom build\] (?!Running)|\[ERROR\]|\[wrangler:err/;

export async function dev(words: string[]): Promise<number> {
  const given = readOptions("dev", words, { port: "text", origin: "text", "issuer-port": "text", demo: "switch", verbose: "switch" }, 0);
  const [wantedPort, wantedIssuerPort] = [portOf(given, "port"), portOf(given, "issuer-port")];
  const project = readProject();
  if (!project.wrangler) throw new Problem("there is no wrangler.toml in this folder", "npx everlit init writes one; or change into the project's folder.");
  if (!installed(project.folder, "everlit")) throw new Problem("everlit, and with it the Worker, is not installed in this project", "npm install");
  const provider = loginProvider(project.vars);
  if (!provider) throw new Problem(`${project.wrangler.name} has no provider in [vars]`, "npx everlit init says what belongs there.");
  const port = await appPort(project, wantedPort);
  const here = `http://localhost:${port}`;
  // Where people see the app: here, or at a development server that hands on what is the Worker's.
  const app = originGiven(given.text.origin) ?? here;
  const wantsDemo = given.on("demo") || isLocal(provider.issuer);
  if (given.text["issuer-port"] !== undefined && !wantsDemo) throw new Problem(`--issuer-port is the demo authorization server's, and this project's provider is ${provider.issuer}`, "everlit dev --demo puts the demo server in its place.");

  let demo: Demo | undefined;
  let worker: WranglerProcess | undefined;
  const stopping = new AbortController();
  const stopped = stopSignal().then(() => {
    stopping.abort();
    return "stopped" as const;
  });
  try {
    const added = addDevVars(project.folder, { SECRET_SESSION_KEY: freshSecret(), ...(wantsDemo && { [`SECRET_${provider.key}_CLIENT_SECRET`]: freshSecret() }) });
    if (added.length) console.error(`wrote ${added.join(", ")} to ${DEV_VARS}`);
    if (wantsDemo) demo = await startDemoFor(project, provider, app, wantedIssuerPort);
    const answers = wantsDemo ? undefined : discovery(provider, project.wrangler.name, stopping.signal);
    const show = (line: string) => given.on("verbose") || MATTERS.test(line);
    let opened = false;
    for (let now = project; ; ) {
      const stamp = stampOf(project.folder);
      const ports = ["--ip", "127.0.0.1", "--port", String(port), "--inspector-port", String(await freePort())];
      worker = new WranglerProcess(project.folder, [...ports, "--show-interactive-dev-session", "false", ...overrides(now, app, { origin: given.text.origin !== undefined, demo: given.on("demo") }, demo)], show);
      const ended = worker.ended.then((how) => ({ how }));
      const started = await Promise.race([ready(port, worker, stopping.signal), ended, stopped]);
      if (started === "stopped") return 0;
      if (typeof started === "string" && started !== "ready") console.error(`warning: ${started}`);
      if (typeof started === "string" && opened) console.error(`The Worker is there again, at ${here}`);
      else if (typeof started === "string") {
        opened = true;
        console.log(app === here ? `Open ${app}` : `Open ${app}, whose server hands on /auth, /api and /healthz to ${here}`);
        if (demo) console.log(`     Any name logs in, at the demo authorization server ${demo.issuer}. Ctrl-C ends both.`);
        else console.log(`     Logins go to ${provider.issuer}, where ${app}/auth/callback/${provider.name} has to be registered. Ctrl-C ends it.`);
        // It is no reason not to start: the network may come, and the page can be worked on meanwhile.
        void answers?.then(({ checks }) => sayUnreachable(checks, stopping.signal));
      }
      const end = await Promise.race([ended, stopped]);
      if (end === "stopped") return 0;
      // wrangler ends where it comes upon a file that is half written.
      const written = stampOf(project.folder) !== stamp;
      if (!written && opened) {
        const [lost, what] = demo ? ["The demo authorization server was ended with it; ", "both"] : ["", "it"];
        throw new Problem(`wrangler ended by itself (${end.how}):\n${worker.tail}`, `${lost}everlit dev starts ${what} again.`);
      }
      if (!written) throw new Problem(`wrangler ended (${end.how}) before the Worker answered:\n${worker.tail}`, "npx everlit doctor may know why.");
      await worker.stop();
      const next = await readable(project.folder, stopping.signal);
      if (!next) return 0;
      console.error(`wrangler ended while ${next.wrangler?.name ?? "its file"} was written; the Worker starts again`);
      now = next;
    }
  } finally {
    stopping.abort();
    await Promise.all([worker?.stop(), demo?.close()]);
  }
}

/** Resolves at Ctrl-C, when somebody asks this process to end, and when the package manager that started it is gone. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => resolve());
    void starterGone().then(resolve);
  });
}

/** What is not as the wrangler file says, for this machine and this demo server. */
function overrides({ vars }: Project, app: string, demanded: { readonly origin: boolean; readonly demo: boolean }, demo: Demo | undefined): string[] {
  const changed: Record<string, unknown> = {};
  if (demanded.origin || !originsOf(vars).includes(app)) changed.ORIGINS = [app];
  const provider = loginProvider(vars);
  if (demo && provider && (demanded.demo || isLocal(provider.issuer))) {
    const client = provider.settings.client_auth === "private_key_jwt" ? { client_auth: "client_secret_basic" } : {};
    if (demo.issuer !== provider.issuer || Object.keys(client).length) {
      // A server of the user's own may have settings that the demo server has not.
      const rest = isLocal(provider.issuer) ? provider.settings : { kind: "oidc", scopes: provider.settings.scopes, login: provider.settings.login, end_session: "get" };
      changed[`PROVIDER_${provider.key}`] = { ...rest, ...client, issuer: demo.issuer, client_id: provider.clientId };
    }
  }
  return Object.entries(changed).flatMap(([name, value]) => ["--var", `${name}:${JSON.stringify(value)}`]);
}

/** Says that the authorization server is not there, or is another. */
function sayUnreachable(checks: readonly Check[], signal: AbortSignal): void {
  if (signal.aborted) return;
  for (const { verdict, said } of checks) if (verdict === "fail") console.error(`warning: logins cannot begin, as ${said} (npx everlit doctor says more)`);
}

/** The option --origin. */
function originGiven(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && url.origin === text.replace(/\/$/, "") && /^https?:$/.test(url.protocol)) return url.origin;
  throw new Problem(`--origin wants scheme, host and port of the page's own server, and was given ${JSON.stringify(text)}`, "Such as --origin http://localhost:5173, for Vite with everlit/vite.");
}

async function appPort({ vars }: Project, wanted: number | undefined): Promise<number> {
  if (wanted !== undefined) {
    if (!(await isFree(wanted))) throw new Problem(`port ${wanted} is taken`, "Stop what listens there, or name another one.");
    return wanted;
  }
  const local = originsOf(vars).map((origin) => new URL(origin)).find(({ protocol, hostname }) => protocol === "http:" && hostname === "localhost");
  const usual = Number(local?.port || (local ? 80 : USUAL_PORT));
  if (await isFree(usual)) return usual;
  const port = await freePort();
  console.error(`port ${usual} is taken, so the app gets ${port}`);
  return port;
}

async function startDemoFor({ folder, vars, wrangler }: Project, provider: Provider, app: string, wanted: number | undefined): Promise<Demo> {
  const configured = isLocal(provider.issuer) ? Number(new URL(provider.issuer).port || 80) : undefined;
  let port = wanted ?? configured ?? (await freePort());
  if (wanted === undefined && !(await isFree(port))) {
    const other = await freePort();
    console.error(`port ${port} is taken, so the demo authorization server gets ${other}`);
    port = other;
  }
  const auth = provider.settings.client_auth === "client_secret_post" ? "client_secret_post" : "client_secret_basic";
  // The app may be seen at other addresses, too: a development server, a proxy.
  const origins = [...new Set([app, ...originsOf(vars)])];
  return startDemo({
    port,
    // Without a name there is no login: the Worker says so, and the server is there all the same.
    clientId: provider.clientId || "everlit-demo",
    clientSecret: readDevVars(folder)?.get(credentialOf({ ...provider, settings: {} })) ?? "",
    redirectUris: origins.map((origin) => `${origin}/auth/callback/${provider.name}`),
    logoutUris: origins.map((origin) => `${origin}/auth/logged-out`),
    scopes: texts(provider.settings.scopes),
    auth,
    app: { name: typeof wrangler?.config.name === "string" ? wrangler.config.name : provider.clientId, origin: app },
  });
}

/** Waits for the Worker's answer, as long as there is one; says what is wrong with its configuration. */
async function ready(port: number, worker: WranglerProcess, signal: AbortSignal): Promise<string> {
  const end = Date.now() + START_MS;
  let over = false;
  void worker.ended.then(() => {
    over = true;
  });
  for (;;) {
    try {
      const answer = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.any([signal, AbortSignal.timeout(5000)]) });
      const body = (await answer.json()) as { ok?: boolean; detail?: string; title?: string };
      if (body.ok) return "ready";
      return `the Worker answers ${answer.status}: ${body.detail ?? body.title ?? ""} (npx everlit doctor says more)`;
    } catch {
      if (over || signal.aborted) return new Promise(() => {});
      if (Date.now() > end) throw new Problem(`the Worker did not answer at http://127.0.0.1:${port} within ${START_MS / 1000} s`, "What wrangler printed says why, or npx everlit doctor does.");
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
  }
}
