import { EventKind, News, PROVIDER_STATES, PeerKind, ReloginAnswer, WAYS } from "../abi.js";
import type { Life } from "../lifecycle.js";
import type { Machine, PeerNumbers } from "../machine.js";
import type { Platform } from "../platform.js";
import type { Session } from "../session.js";
import type { Heard } from "../socket.js";
import { CLOCK } from "../store/clock.js";
import { createSession } from "../tab.js";
import type { SessionOptions, User } from "../types.js";
import { type Network, networks } from "./network.js";
import { Popup, opening } from "./popup.js";
import { type Time, turn } from "./time.js";
import type { TestTab } from "./types.js";
import type { Told, Worker } from "./worker.js";

/** A browser: its tabs, and what they share. */
export class Browser {
  readonly tabs: Tab[] = [];
  readonly time: Time;
  readonly worker: Worker;
  readonly network: Network;
  /** Whether it lets pages open popups. */
  opensPopups = true;
  /** Where its pages are. */
  readonly address: string;
  readonly #module: WebAssembly.Module;
  /** What could not be told while there was no network. */
  readonly #missed: (() => void)[] = [];

  constructor(module: WebAssembly.Module, time: Time, worker: Worker, network: Network, address: string) {
    this.#module = module;
    this.time = time;
    this.worker = worker;
    this.network = network;
    this.address = address;
  }

  /** A tab whose session knows where it stands. */
  async open(options: SessionOptions): Promise<Tab> {
    const { exports } = await WebAssembly.instantiate(this.#module);
    const tab = new Tab(this, exports as unknown as Machine, options);
    this.tabs.push(tab);
    await this.time.settle();
    return tab;
  }

  /** All tabs but one hear this on their channel. */
  say(message: PeerNumbers, but?: Tab): void {
    for (const tab of this.tabs) if (tab !== but) queueMicrotask(() => tab.heard([...message] as unknown as PeerNumbers));
    this.time.traffic += 1;
  }

  /** All tabs that listen hear what the Worker says. */
  news(told: Told): void {
    const { epoch, generation } = this.worker;
    const news = { refused: News.ReauthRequired, ended: News.Ended }[told];
    const tell = () => {
      for (const { socket } of this.tabs) if (socket) queueMicrotask(() => socket.told(news, epoch, generation));
    };
    // A socket does not notice that nothing comes through any more. What was missed is told when it does again.
    if (this.network.reaches) tell();
    else this.#missed.push(tell);
    this.time.traffic += 1;
  }

  login(user: User): void {
    this.worker.login(user);
    this.network.meet();
    for (const tab of this.tabs) tab.cameBack();
    const { epoch, generation } = this.worker;
    // A mere rumour: what exactly is asked.
    this.say([PeerKind.Moved, epoch, generation, this.time.date, 0]);
  }

  /** The page that has gone to link an account comes back with it; whether there was one. */
  link(): boolean {
    let linked = false;
    for (const tab of this.tabs) {
      const provider = tab.left && new URL(tab.left, this.address).searchParams.get("provider");
      if (!provider || !this.worker.link(provider)) continue;
      tab.restore();
      tab.linked(provider);
      linked = true;
    }
    return linked;
  }

  /** Pages that have gone to a login or a link come back as they left, and popups are closed; whether there was any. */
  cancel(): boolean {
    const popups = this.tabs.flatMap(({ popup }) => (popup && !popup.closed ? [popup] : []));
    for (const popup of popups) popup.close();
    const gone = this.tabs.filter(({ left }) => left);
    for (const tab of gone) tab.restore();
    return popups.length + gone.length > 0;
  }

  /** Somebody logged in to a service: the popup that is at it is done, and says so to all tabs. */
  serviceAnswered(service: string): void {
    this.worker.services.login(service);
    for (const { popup } of this.tabs) if (popup?.location.pathname.startsWith("/service/")) popup.close();
    this.people({ v: 1, vault: `service:${service}`, kind: "answered" });
  }

  /** All tabs but one hear what is said of a person's answer. */
  people(message: object, but?: Tab): void {
    for (const tab of this.tabs) if (tab !== but) for (const heard of tab.people) queueMicrotask(() => heard(structuredClone(message)));
    this.time.traffic += 1;
  }

  logout(): void {
    const { epoch } = this.worker;
    this.worker.logout();
    this.say([PeerKind.LoggedOut, epoch]);
  }

  /** The network is gone, or there again. */
  reach(reaches: boolean): void {
    if (this.network.reaches === reaches) return;
    this.network.reaches = reaches;
    if (reaches) {
      for (const { life } of this.tabs) life.on(EventKind.Online);
      for (const tell of this.#missed.splice(0)) tell();
    }
    this.time.traffic += 1;
  }

  close(): void {
    for (const { session } of this.tabs.splice(0)) session.close();
    this.worker.close();
    networks.delete(this.network);
  }
}

/** One tab: its session, and every seam that the session touches. */
export class Tab implements TestTab {
  readonly session: Session;
  readonly navigations: string[] = [];
  readonly popups: string[] = [];
  /** Where its page has gone, while it is not back. */
  left: string | undefined;
  /** What it opened last. */
  popup: Popup | undefined;
  /** What the session, and whoever stands on it, wants to know of its page. */
  readonly #lives = new Set<Life>();
  /** What hears of a person's answer. */
  readonly people = new Set<(message: unknown) => void>();
  /** Its side of the event socket, while it listens. */
  socket: Heard | undefined;
  heard: (message: PeerNumbers) => void = () => {};
  readonly #browser: Browser;
  #seen: (gesture: boolean) => void = () => {};
  #hidden = false;

  constructor(browser: Browser, machine: Machine, options: SessionOptions) {
    this.#browser = browser;
    this.session = createSession(machine, options, { ...this.#platform(), reauthOrigins: options.reauthOrigins });
    Object.defineProperty(this.session, CLOCK, { value: browser.time.counting });
    const { session } = this;
    const { loginPopup } = session;
    const open = () => (browser.opensPopups ? (this.popup = new Popup((path) => void this.popups.push(path))) : null);
    session.loginPopup = (options) => opening(open, () => loginPopup.call(session, options));
    const { desk } = session;
    session.desk = async () => ({ ...(await desk()), open: open as () => never, join: (heard) => this.#join(heard) });
  }

  /** The page's life, for all who want to know of it. */
  get life(): Life {
    const each = (tell: (life: Life) => void) => [...this.#lives].forEach(tell);
    return { on: (...given) => each((life) => life.on(...given)), restored: () => each((life) => life.restored()), left: () => each((life) => life.left()) };
  }

  #join(heard: (message: unknown) => void) {
    this.people.add(heard);
    return { say: (message: object) => this.#browser.people(message, this), leave: () => void this.people.delete(heard) };
  }

  /** Its page is back from where it had gone, and asks where it stands. */
  restore(): void {
    this.left = undefined;
    this.life.restored();
  }

  /** In a browser its page is loaded anew, and hears this with its first answer. Here it is the same session. */
  linked(provider: string): void {
    const on = this.life.on as (kind: EventKind, ...numbers: number[]) => void;
    const at = this.session.providers.findIndex(({ name }) => name === provider);
    on(EventKind.ProviderTold, at, 0, PROVIDER_STATES.indexOf("ready"));
  }

  /** A login is done: its page and its popup are back from it. */
  cameBack(): void {
    this.left = undefined;
    this.popup?.comeBack();
  }

  async interact(): Promise<void> {
    this.#seen(true);
    await this.#browser.time.settle();
  }

  async hide(): Promise<void> {
    this.#hidden = true;
    this.life.on(EventKind.Hidden);
    await this.#browser.time.settle();
  }

  async show(): Promise<void> {
    this.look();
    await this.#browser.time.settle();
  }

  /** The user looks at the page. */
  look(): void {
    this.#hidden = false;
    this.life.on(EventKind.Shown);
  }

  /** Whether somebody looks at it. */
  get seen(): boolean {
    return !this.#hidden;
  }

  #platform(): Platform {
    const { time, network, worker, address } = this.#browser;
    let spread = 0;
    const soon = (work: () => void) => {
      time.traffic += 1;
      void turn().then(work);
    };
    return {
      // The same in each run: tests are to fail twice for the same reason.
      clock: () => ({ wall: time.date, mono: time.elapsed, entropy: (spread = (Math.imul(spread, 1_664_525) + 1_013_904_223) >>> 0) }),
      timer: (due) => {
        let stop = () => {};
        return (delay) => {
          stop();
          stop = time.after(delay, due);
        };
      },
      soon,
      ask: (...question) => network.question(...question),
      lock: (_, work) => work(),
      channel: (heard) => ({
        open: () => (this.heard = heard),
        close: () => (this.heard = () => {}),
        tell: (message) => this.#browser.say(message, this),
      }),
      socket: (heard) => {
        let wanted = false;
        return {
          open: () => {
            wanted = true;
            soon(() => {
              if (!wanted) return;
              if (!network.reaches) return heard.closed();
              this.socket = heard;
              heard.opened(true);
            });
          },
          close: () => {
            wanted = false;
            this.socket = undefined;
          },
        };
      },
      life: (life, signal) => {
        this.#lives.add(life);
        signal.addEventListener("abort", () => this.#lives.delete(life));
      },
      activity: (seen, signal) => {
        this.#seen = seen;
        signal.addEventListener("abort", () => (this.#seen = () => {}));
      },
      relog: (way, _, signal, answered) =>
        soon(() => {
          if (signal.aborted) return;
          const knows = worker.user && worker.human?.includes(WAYS[way]!);
          if (knows) {
            worker.login(worker.user!);
            network.meet();
          }
          answered(knows ? ReloginAnswer.Done : ReloginAnswer.Refused);
        }),
      operation: () => `${network.requests.length}`,
      page: {
        base: () => address,
        here: () => address,
        hidden: () => this.#hidden,
        leave: (path) => this.navigations.push((this.left = path)),
      },
    };
  }
}
