import type {
  Browser,
  BrowserContext,
  BrowserContextOptions,
  Fixtures,
  Page,
  PlaywrightTestArgs,
  PlaywrightTestOptions,
  PlaywrightWorkerArgs,
  PlaywrightWorkerOptions,
  WorkerInfo,
} from "@playwright/test";

/** Cookies and storage of a browser. */
export type StorageState = Awaited<ReturnType<BrowserContext["storageState"]>>;

/** How a session is come by. */
export interface WorkerSessionOptions {
  /**
   * Logs in, and ends when the page shows somebody who is logged in. Run once in each Playwright worker, and again where its session is over.
   * @reason only the app knows its login page
   */
  readonly login: (page: Page, worker: WorkerInfo) => Promise<void>;
}

/** The fixture of a worker. */
export interface WorkerSession {
  /** Its browser's state, of a session that lives: that of its own login, whoever a test has logged in since. */
  state(): Promise<StorageState>;
  /** Takes back what servers have set in the cookies of a test, if it ends in the session that it began with. */
  keep(context: BrowserContext): Promise<void>;
}

/** What of a project's settings a page that logs in needs. */
const SETTINGS = ["baseURL", "bypassCSP", "extraHTTPHeaders", "httpCredentials", "ignoreHTTPSErrors", "locale", "proxy", "timezoneId", "userAgent", "viewport"] as const;

/**
 * Fixtures that log in once in each Playwright worker and give every test there a context with that session. Two workers never
 * share one, so no test ends another one's. Each test begins with the user, the storage and the cookies that `login` left: what a test
 * stores is gone with it, and where it has logged out, or somebody else in, the next one has its own session all the same.
 *
 * ```ts
 * import { test as base } from "@playwright/test";
 * import { sessionPerWorker } from "everlit/testing/playwright";
 *
 * export const test = base.extend(sessionPerWorker({
 *   async login(page) {
 *     await page.goto("/");
 *     await page.getByRole("button", { name: "Log in" }).click();
 *     await page.getByText("Ada Lovelace").waitFor();
 *   },
 * }));
 * ```
 */
export function sessionPerWorker(options: WorkerSessionOptions): Fixtures<
  object,
  { everlitSession: WorkerSession },
  PlaywrightTestArgs & PlaywrightTestOptions,
  PlaywrightWorkerArgs & PlaywrightWorkerOptions
> {
  const { login, ...others } = Object(options) as Partial<WorkerSessionOptions>;
  const [other] = Object.keys(others);
  if (typeof login !== "function" || other !== undefined) {
    const came = other === undefined ? `login is ${login === undefined ? "missing" : typeof login}` : `there is no option ${JSON.stringify(other)}`;
    throw new TypeError(`sessionPerWorker: ${came}; give { login: async (page) => { ... } }, which logs in with the page that it gets`);
  }
  return {
    everlitSession: [
      async ({ browser }, use, info) => use(createWorkerSession(browser, info, login)),
      { scope: "worker" },
    ],
    storageState: async ({ everlitSession }, use) => use(await everlitSession.state()),
    context: async ({ context, everlitSession }, use) => {
      await use(context);
      await everlitSession.keep(context);
    },
  };
}

function createWorkerSession(browser: Browser, info: WorkerInfo, login: WorkerSessionOptions["login"]): WorkerSession {
  const settings: BrowserContextOptions = {};
  for (const name of SETTINGS) Object.assign(settings, { [name]: info.project.use[name] });
  const { baseURL } = settings;
  if (!baseURL) {
    throw new Error("everlit/testing/playwright: the project has no baseURL; set use.baseURL to the app's origin, as the Worker is asked there whether a session lives");
  }
  let held: { readonly login: string; readonly state: StorageState } | undefined;

  /** Which login the Worker knows this browser by, if that lives and needs nobody. */
  const loginOf = async (context: BrowserContext) => {
    const answer = await context.request.get("/auth/session", { headers: { "everlit-version": "1", origin: new URL(baseURL).origin }, maxRedirects: 0 });
    if (!answer.ok()) throw new Error(`everlit/testing/playwright: GET ${baseURL}/auth/session answered ${answer.status()}; is the Worker at baseURL?`);
    const { state, epoch, user } = (await answer.json()) as { state?: string; epoch?: number; user?: { sub: string } };
    return state === "active" ? `${epoch} ${user?.sub}` : undefined;
  };

  /** Does this in a context of its own. */
  const within = async <T>(storageState: StorageState | undefined, work: (context: BrowserContext) => Promise<T>) => {
    const context = await browser.newContext({ ...settings, storageState });
    try {
      return await work(context);
    } finally {
      await context.close();
    }
  };

  return {
    async state() {
      // A test may have logged out, or a limit have come.
      if (held && (await within(held.state, loginOf)) === held.login) return held.state;
      held = await within(undefined, async (context) => {
        await login(await context.newPage(), info);
        const known = await loginOf(context);
        if (!known) throw new Error("everlit/testing/playwright: nobody is logged in after login(page); it is to end when the page shows who is");
        return { login: known, state: await context.storageState() };
      });
      return held.state;
    },
    async keep(context) {
      if (!held) return;
      const { login, state } = held;
      // A context that its test has closed leaves what was there before it, and so does another login: that is not this worker's.
      if ((await loginOf(context).catch(() => undefined)) !== login) return;
      const { cookies } = await context.storageState();
      // What no script can set is the servers', and of a session; all else is the test's.
      held = { login, state: { ...state, cookies: [...cookies.filter(({ httpOnly }) => httpOnly), ...state.cookies.filter(({ httpOnly }) => !httpOnly)] } };
    },
  };
}
