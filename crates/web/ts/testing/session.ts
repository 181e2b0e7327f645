import { WAYS } from "../abi.js";
import { check } from "../options.js";
import { CLOSED_LOOKS, LOOK_MS } from "../popups.js";
import type { SessionOptions, User } from "../types.js";
import { Browser } from "./browser.js";
import { type Duration, milliseconds, shown } from "./duration.js";
import { load } from "./load.js";
import { Network } from "./network.js";
import { Time } from "./time.js";
import type { TestAnswer, TestSession, TestSessionOptions, TestUpstream } from "./types.js";
import { type Told, Worker } from "./worker.js";

const ADA: User = { sub: "248289761001", name: "Ada Lovelace", email: "ada@example.com" };

/** What each option has to be. */
const OPTIONS: { readonly [name in keyof Required<TestSessionOptions>]: readonly [fits: (value: never) => boolean, accepted: string] } = {
  user: [(user: User | null) => user === null || isUser(user), "{ sub: string, name?: string, email?: string }, or null for nobody"],
  upstreams: [
    (all: unknown) => Array.isArray(all) && all.every(isUpstream) && areDifferent(all.map(nameOf)),
    'a list of names, each once, or of { name, origin?: "https://...", path?: "/...", mode?: "bff" | "mediating", provider?, service? }: ["orders"]',
  ],
  providers: [(all: unknown) => Array.isArray(all) && all.length > 0 && all.every(isName) && areDifferent(all), 'a list of names, the login\'s first: ["demo"]'],
  devices: [(all: unknown) => Array.isArray(all) && all.every((name) => typeof name === "string"), 'a list of names: ["Firefox on Linux"]'],
  lifetime: [() => true, "a duration"],
  idleLimit: [() => true, "a duration"],
  absoluteLimit: [() => true, "a duration"],
  now: [(now: Date) => !Number.isNaN(+new Date(now)), "a Date, Unix time in milliseconds, or a date as text"],
  address: [(address: string) => URL.canParse(address), 'the address of a page: "https://app.example/"'],
  options: [(options: unknown) => typeof options === "object" && options !== null, "what openSession takes: { idle: { prompt: 60_000 } }"],
  wasm: [() => true, "what openSession takes"],
};

const isName = (name: unknown) => typeof name === "string" && /^[\w-]+$/.test(name);
const isUser = (user: unknown): user is User => typeof (user as User | null)?.sub === "string";
const nameOf = (upstream: string | TestUpstream) => (typeof upstream === "string" ? upstream : upstream.name);
const areDifferent = (all: readonly unknown[]) => new Set(all).size === all.length;
const isUpstream = (given: unknown) => {
  const { name, origin = "https://a.example", path = "/", mode = "bff", provider = name, service = name, ...rest } = (typeof given === "string" ? { name: given } : (given ?? {})) as Partial<TestUpstream>;
  const isPlace = /^https?:/.test(origin) && URL.canParse(origin) && /^\/[^?#]*$/.test(path);
  return isName(name) && isName(provider) && isName(service) && isPlace && /^(bff|mediating)$/.test(mode) && !Object.keys(rest).length;
};

/** What `needService` takes. */
const NEED = {
  how: [(how: unknown) => Array.isArray(how) && how.every((way) => /^(popup|redirect|paste|approval)$/.test(way)), 'a list of "popup", "redirect", "paste" and "approval"'],
  who: [(who: unknown) => who === "you" || who === "operator", '"you" or "operator"'],
  title: [(title: unknown) => typeof title === "string", "a text"],
  accepts: [(accepts: unknown) => typeof accepts === "string", "a text"],
} as const;

/** Options of a method: an object with these members only. */
function members(what: string, given: unknown, fits: { readonly [name: string]: readonly [fits: (value: never) => boolean, accepted: string] }): void {
  if (Object(given) !== given || typeof given === "function") throw new TypeError(`${what}: takes an object, not ${shown(given)}`);
  for (const [name, value] of Object.entries(given as object)) {
    const [fit, accepted] = fits[name] ?? [];
    if (!fit) throw new TypeError(`${what}: there is no option ${shown(name)}; there are ${Object.keys(fits).join(", ")}`);
    if (value !== undefined && !fit(value as never)) throw new TypeError(`${what}: ${name} is ${shown(value)}; it takes ${accepted}`);
  }
}

/**
 * A session for a test: the real machine of Everlit, in a browser, a network and a time that are in memory and obey the test.
 *
 * ```ts
 * const test = await createTestSession({ user: { sub: "1", name: "Ada" } });
 * test.respond("/orders", [{ id: 7 }]);
 * await test.advance("8h");
 * const orders = await test.session.fetch("/api/api/orders");
 * ```
 *
 * Nothing here waits for real time or touches the network; what the session sends with `passthrough` goes to the global `fetch`.
 */
export async function createTestSession(options: TestSessionOptions = {}): Promise<TestSession> {
  members("createTestSession", options, OPTIONS);
  // As openSession would.
  await check(options.options ?? {});
  const { user = ADA, upstreams = ["api"], providers = ["demo"], now = Date.now(), address = "https://app.example/" } = options;
  const { lifetime = "5m", idleLimit = "14d", absoluteLimit = "90d" } = options;
  const limits = { lifetime, idleLimit, absoluteLimit };
  for (const [name, limit] of Object.entries(limits)) {
    if (milliseconds(`createTestSession: ${name}`, limit) === 0) throw new TypeError(`createTestSession: ${name} is 0; it takes more, such as "5m"`);
  }
  const module = await load(options.wasm);
  const time = new Time(+new Date(now));
  const told = (what: Told) => browser.news(what);
  const worker: Worker = new Worker(
    time,
    {
      upstreams: upstreams.map((given) => {
        const { name, origin = `https://${name}.example`, path = "/", mode = "bff", provider, service }: TestUpstream = typeof given === "string" ? { name: given } : given;
        if (provider !== undefined && !providers.includes(provider)) {
          throw new TypeError(`createTestSession: the upstream ${name} is of the provider ${shown(provider)}; it takes one of providers: ${providers.join(", ")}`);
        }
        return { name, origin: new URL(origin).origin, path, mode, ...(provider !== providers[0] && { provider }), ...(service !== undefined && { service }) };
      }),
      providers,
      devices: options.devices ?? [],
      lifetime: milliseconds("lifetime", lifetime),
      idleLimit: milliseconds("idleLimit", idleLimit),
      absoluteLimit: milliseconds("absoluteLimit", absoluteLimit),
    },
    told,
  );
  const network = new Network(time, worker);
  const browser: Browser = new Browser(module, time, worker, network, new URL(address).href);
  if (user) browser.login(user);
  const tab = await browser.open(options.options ?? {});

  const length = (what: string, duration: Duration | undefined, otherwise: number) =>
    duration === undefined ? otherwise : milliseconds(what, duration);
  /** Does this, and what follows from it. */
  const done = async (work: () => void) => {
    work();
    await time.settle();
  };
  const somebody = (what: string) => {
    if (!worker.user) throw new Error(`${what}: nobody is logged in; loginAs(user) logs somebody in`);
  };

  const hasService = (what: string, service: unknown) => {
    const names = worker.settings.upstreams.flatMap((each) => each.service ?? []);
    if (!names.includes(service as string)) throw new TypeError(`${what}: ${shown(service)}; it takes the service of an upstream: ${names.join(", ") || "{ upstreams: [{ name, service }] } names one"}`);
  };

  return {
    session: tab.session,
    navigations: tab.navigations,
    popups: tab.popups,
    calls: network.answers.calls,
    requests: network.requests,
    interact: () => tab.interact(),
    hide: () => tab.hide(),
    show: () => tab.show(),
    get now() {
      return time.date;
    },
    advance: async (duration) => time.pass(milliseconds("advance", duration)),
    async sleep(duration) {
      const ms = milliseconds("sleep", duration);
      await time.settle();
      time.stand(ms);
      for (const each of browser.tabs) if (each.seen) each.look();
      await time.settle();
    },
    respond: (...given: readonly [unknown, TestAnswer?]) => network.answers.respond(...given),
    loseReply(count = 1) {
      if (!Number.isInteger(count) || count < 0) throw new TypeError(`loseReply: ${shown(count)} is no number of replies; give a whole number from 0, or nothing for one`);
      network.losing += count;
    },
    throttle: (duration) => worker.trouble(429, "throttled", length("throttle", duration, 30_000)),
    unavailable: (duration) => worker.trouble(503, "temporarily_unavailable", length("unavailable", duration, Infinity)),
    slow(duration) {
      network.delay = milliseconds("slow", duration);
    },
    recover() {
      worker.recover();
      network.delay = network.losing = 0;
    },
    offline: () => done(() => browser.reach(false)),
    online: () => done(() => browser.reach(true)),
    expireToken: () => worker.expire(),
    async needHuman(options = {}) {
      members("needHuman", options, { silent: [(all: unknown) => Array.isArray(all) && all.every((way) => WAYS.includes(way)), `a list of ${WAYS.map(shown).join(", ")}`] });
      await done(() => {
        somebody("needHuman");
        worker.need(options.silent ?? []);
      });
    },
    endSession: () =>
      done(() => {
        somebody("endSession");
        worker.end();
      }),
    logoutElsewhere: () =>
      done(() => {
        somebody("logoutElsewhere");
        browser.logout();
      }),
    async loginAs(user) {
      if (!isUser(user)) throw new TypeError(`loginAs: ${shown(user)}; it takes { sub: string, name?: string, email?: string }`);
      // A popup that was opened just now is to be at the login before it comes back from it.
      await time.settle();
      await done(() => browser.login(user));
    },
    linkAccount: () =>
      done(() => {
        somebody("linkAccount");
        if (!browser.link()) throw new Error("linkAccount: no page has gone to link an account; session.link(provider) takes it there, with one of the providers but the first");
      }),
    async cancelLogin() {
      await time.settle();
      const isPopup = browser.tabs.some(({ popup }) => popup && !popup.closed);
      if (!browser.cancel()) throw new Error("cancelLogin: no page has gone to a login, and no popup is open; session.login(), loginPopup() or link(provider) comes first");
      await time.pass(isPopup ? CLOSED_LOOKS * LOOK_MS : 0);
    },
    async needService(service, options = {}) {
      members("needService", options, NEED);
      hasService("needService", service);
      await done(() => worker.services.need(service, options));
    },
    async loginService(service) {
      hasService("loginService", service);
      // A popup that was opened just now is to be at the login before it comes back from it.
      await time.settle();
      await done(() => browser.serviceAnswered(service));
    },
    blockPopups(blocked = true) {
      if (typeof blocked !== "boolean") throw new TypeError(`blockPopups: ${shown(blocked)}; it takes true, false or nothing`);
      browser.opensPopups = !blocked;
    },
    async openTab(options: Omit<SessionOptions, "wasm" | "signal"> = {}) {
      await check(options);
      return browser.open(options);
    },
    settle: () => time.settle(),
    close: () => browser.close(),
  };
}
