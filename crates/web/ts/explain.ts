// A chunk of its own, loaded when something is wrong: what it is likely to be, and what to do. It changes nothing.

import type { Answer } from "./transport.js";

/** What each option takes, in words. */
const MS = "a number of milliseconds, 0 or more";
const ACCEPTED: { readonly [name: string]: string } = {
  wasm: "the address of everlit.wasm, a Response that carries it, or a WebAssembly.Module",
  signal: "an AbortSignal",
  lead: MS,
  idle: "an object with lapse and prompt, both optional",
  "idle.lapse": MS,
  "idle.prompt": MS,
  maintenance: MS,
  healthCheck: MS,
  retry: "a function of (failure, attempt) that gives milliseconds, false or nothing",
  silent: 'a list of "frame", "popup" and "redirect"',
  events: "true or false",
  baseUrl: "the Worker's origin",
  reauthOrigins: "a list of origins",
};
const isMs = (value: unknown) => value === undefined || (typeof value === "number" && value >= 0 && value <= 9e12);

/** What an option is, what came, and what is accepted. */
export function options(name: string, options: unknown): string {
  if (name === "options" && Object(options) !== options) return `openSession() takes an object with options, not ${shown(options)}`;
  const given = (options as Record<string, unknown>)[name];
  if (name === "idle" && given !== null && typeof given === "object") {
    for (const [inner, value] of Object.entries(given)) {
      const path = `idle.${inner}`;
      if (!ACCEPTED[path]) return unknown(path);
      if (!isMs(value)) return `${path} is ${shown(value)}; accepted is ${MS}`;
    }
  }
  return ACCEPTED[name] ? `${name} is ${shown(given)}; accepted is ${ACCEPTED[name]}` : unknown(name);
}

/** That there is no such option, and which one may be meant. */
function unknown(name: string): string {
  const names = Object.keys(ACCEPTED);
  const [nearest, far] = names.map((each) => [each, distance(name.toLowerCase(), each.toLowerCase())] as const).sort(([, a], [, b]) => a - b)[0]!;
  return `there is no option "${name}"; ${far <= 2 + name.length / 5 ? `is ${nearest} meant?` : `there are ${names.join(", ")}`}`;
}

/** How many letters have to be changed, added or taken away (Levenshtein). */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let i = 1; i <= one.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= other.length; j += 1) {
      next[j] = Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + +(one[i - 1] !== other[j - 1]));
    }
    row = next;
  }
  return row[other.length]!;
}

/** A value as a person reads it, cut short. A string may be long, but an option is no secret. */
function shown(value: unknown): string {
  if (typeof value === "function") return "a function";
  if (typeof value === "number") return `${value}`;
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    // It has itself in it.
  }
  text ??= String(value);
  return `${text.length > 60 ? `${text.slice(0, 60)}…` : text} (${Array.isArray(value) ? "array" : value === null ? "null" : typeof value})`;
}

/** Why the Wasm module did not load, or is not allowed to run. */
export async function wasm(short: string, wasm: unknown, cause: unknown): Promise<string> {
  const { name = "", message = "" } = (cause ?? {}) as Error;
  // Each engine has words of its own for it: Chromium and Firefox a CompileError, WebKit a CompileError or an EvalError.
  if (/content security policy|unsafe-eval|blocked by csp/i.test(message) || name === "EvalError") {
    return `${short}: the page's Content-Security-Policy forbids WebAssembly: add 'wasm-unsafe-eval' to its script-src`;
  }
  if (!wasm) return `${short} in everlit.js does not compile (${name}: ${message}): that file is to be served as it is, and read as UTF-8`;
  if (typeof wasm !== "string" && !(wasm instanceof URL)) {
    return `${short}: what was given as the option wasm is none (${name}: ${message})`;
  }
  const address = new URL(wasm, document.baseURI);
  const where = address.origin + address.pathname;
  if (location.protocol === "https:" && address.protocol === "http:") {
    return `${short}: this page came over https and ${where} is http, which the browser does not load (mixed content): serve both over https`;
  }
  if (await isForbidden(address)) return `${short}: the page's Content-Security-Policy does not let ${where} be fetched: add ${sourceOf(address)} to its connect-src`;
  const cross = address.origin === location.origin ? "" : `, and that server allows this origin (Access-Control-Allow-Origin: ${location.origin})`;
  return `${short}: ${where} did not bring one (${name}: ${message}): leave out the option wasm, or see that everlit.wasm is there${cross}`;
}

/** What a policy has to name, for this address to be fetched. */
const sourceOf = ({ origin }: URL) => (origin === location.origin ? "'self'" : origin);

/** Addresses that were tried. A page has the same policy all its life. */
const tried = new Map<string, Promise<boolean>>();
/** How long an answer is waited for: the policy is asked before the network. */
const TRY_MS = 1_000;

/** Whether the page's policy forbids to fetch this, which only an event tells. */
function isForbidden({ href }: URL): Promise<boolean> {
  const before = tried.get(href);
  if (before) return before;
  const now = new Promise<boolean>((resolve) => {
    const heard = ({ effectiveDirective, blockedURI }: SecurityPolicyViolationEvent) => {
      if (/connect/.test(effectiveDirective) && href.startsWith(blockedURI)) resolve(true);
    };
    document.addEventListener?.("securitypolicyviolation", heard);
    const end = () => {
      document.removeEventListener?.("securitypolicyviolation", heard);
      resolve(false);
    };
    // The event comes in a turn of its own.
    void fetch(href, { method: "HEAD", signal: AbortSignal.timeout(TRY_MS) }).then(end, () => setTimeout(end, 50));
  });
  tried.set(href, now);
  return now;
}

/** Adds to an answer that came while opening what is likely to be wrong, as a problem like those of the Worker. */
export async function session(answer: Answer, path: string): Promise<Answer> {
  const worker = new URL(path, location.origin);
  const isWorkers = (answer.body as { v?: unknown } | undefined)?.v;
  const trouble = isWorkers ? cookieTrouble() : ((!answer.status && (await policyTrouble(worker))) || workerTrouble(answer, worker));
  if (!trouble) return answer;
  const [code, title, detail] = trouble;
  const { status } = answer;
  return { ...answer, body: { ...(answer.body as object), type: `urn:everlit:problem:${code}`, title, status, code, detail } };
}

type Trouble = readonly [code: "not_found" | "misconfigured", title: string, detail: string];

/** What came is not of a Worker. One that is sick, or a limit before it, says nothing of where it is. */
function workerTrouble({ status }: Answer, { origin, href }: URL): Trouble | undefined {
  const far = origin !== location.origin;
  // Without an answer it is the network, but for a Worker elsewhere that lets this page read nothing.
  if (status >= 500 || status === 429 || (!status && (!far || globalThis.navigator?.onLine === false))) return undefined;
  const came = !status ? "got no answer" : status === 302 ? "was sent elsewhere (a redirect)" : status === 200 ? "was answered with something else, as of an app's own page" : `was answered ${status}`;
  const mend = far
    ? `${location.origin} is to be one of its APP_ORIGINS`
    : "route /auth and /api of this origin to the Worker (in development: the everlit/vite preset, or the Worker's own address)";
  return [
    "not_found",
    `There is no Everlit Worker at ${far ? "baseUrl" : "this page's origin"}.`,
    `GET ${href} ${came}: ${mend}`,
  ];
}

/** No answer came: the network may be gone, of which nothing is said, or the policy lets nobody ask. */
async function policyTrouble(worker: URL): Promise<Trouble | undefined> {
  if (!(await isForbidden(worker))) return undefined;
  return ["misconfigured", "The page's Content-Security-Policy lets nobody ask the Worker.", `connect-src does not allow ${worker.href}: add ${sourceOf(worker)} to it`];
}

/** The browser keeps no session cookie for such a page, so that nobody can be logged in here. */
function cookieTrouble(): Trouble | undefined {
  const title = "The browser keeps no session cookie for this page.";
  if (!isSecureContext) {
    return ["misconfigured", title, `${location.origin} is no secure context, and the cookie is Secure: serve the page over https (http is accepted for localhost only)`];
  }
  if (isForeignFrame()) {
    return ["misconfigured", title, "the page is in a frame of another site, where the cookie (SameSite=Strict) is not sent: open it in a window of its own"];
  }
  if (location.protocol === "http:" && /^Apple/.test(navigator.vendor)) {
    return ["misconfigured", title, "this browser (WebKit) keeps no Secure cookie over http, also not for localhost: use https (wrangler dev --local-protocol https)"];
  }
  document.cookie = "everlit=;max-age=1;secure";
  if (/everlit=/.test(document.cookie)) return undefined;
  return ["misconfigured", title, `this browser is set to keep no cookies for ${location.origin}: allow them in its settings`];
}

/** Whether a page of another origin shows this one. */
function isForeignFrame(): boolean {
  try {
    return top!.location.origin !== location.origin;
  } catch {
    return true;
  }
}
