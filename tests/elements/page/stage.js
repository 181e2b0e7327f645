// The page of the tests: the elements, a session in a time that obeys the test, and a Reauth that shows what it is told.

import "./wrong.js";
import "/package/elements/auto/index.js";
import { createTestSession } from "/package/testing/index.js";

/** What `everlit/reauth` would be, and what was asked of it. */
class Told extends EventTarget {
  asked = [];
  calls = [];

  show(...asked) {
    this.asked = asked;
    this.dispatchEvent(new Event("change"));
  }

  openLogin(vault) {
    this.calls.push(["openLogin", vault]);
    return null;
  }

  submit(vault, text) {
    this.calls.push(["submit", vault, text]);
    return Promise.resolve();
  }

  askApproval(vault) {
    this.calls.push(["askApproval", vault]);
    return Promise.resolve();
  }

  cancel(vault) {
    this.calls.push(["cancel", vault]);
    this.show(...this.asked.filter((each) => each.vault !== vault));
  }

  close() {}
}

/** Some texts in a language that is read from right to left. */
const hebrew = {
  title: ({ title }) => `כניסה מחדש אל ${title}`, what: () => "נדרשת כניסה חדשה. מה שהתחלת יימשך מעצמו.", login: ({ title }) => `כניסה אל ${title}`, or: "או", field: "אסימון, קוד או כתובת",
  hint: "גם כל הכתובת שבה הסתיימה הכניסה תתאים.", update: "עדכון", waiting: (count) => `${count} בקשות ממתינות.`, cancel: "ביטול", approve: () => "יש לאשר את הכניסה בטלפון.",
};

const elements = () => document.querySelectorAll("everlit-banner, everlit-badge, everlit-source, everlit-reauth");

globalThis.stage = {
  reauth: new Told(),
  hebrew,
  /** What the Worker says of a service, and how often it was asked. */
  statuses: {},
  asked: [],
  /** Opens a session, and gives it to all elements. `real`: with its own Reauth; `windows`: which opens real ones. */
  async open({ real, windows, ...options } = {}) {
    this.kit = await createTestSession({ wasm: "/package/everlit.wasm", address: location.href, now: "2026-11-23T22:01:00Z", ...options });
    this.serve(this.kit.session, windows);
    if (!real) document.querySelector("everlit-reauth").reauth = this.reauth;
    for (const element of elements()) element.session = this.kit.session;
    await document.fonts.load("16px Stage");
    await document.fonts.load("16px Stage", "א");
    return this.drawn();
  },
  /** The kit's Worker knows no services: what is asked of one is answered here. */
  serve(session, windows) {
    const { desk } = session;
    const answer = async (path, signal, body, method = body ? "POST" : "GET") => {
      this.asked.push([method, path, body?.()]);
      const [, name] = /^\/service\/([^/]+)\/status$/.exec(path) ?? [];
      const said = name ? this.statuses[name] && { status: 200, body: this.statuses[name] } : await this.answer?.(method, path, body?.());
      return { status: 404, retryAfter: NaN, ...said };
    };
    const isService = (path) => typeof path === "string" && path.startsWith("/service/");
    const wrap = (work) => (typeof work === "function" ? (...given) => (isService(given[0]) ? answer : work)(...given) : work);
    session.desk = async () => {
      // The tabs of this browser speak as they do in an app, and not through the kit.
      const { join: _kits, ...members } = await desk.call(session);
      // So do its windows, where the test wants those of the browser.
      if (windows) delete members.open;
      return Object.fromEntries(Object.entries(members).map(([name, member]) => [name, wrap(member)]));
    };
  },
  /** The Worker says this of a service from now on, and the page hears that it has changed. */
  async status(name, status) {
    this.statuses[name] = status;
    const channel = new BroadcastChannel("everlit-reauth");
    channel.postMessage({ v: 1, vault: `service:${name}`, kind: "answered" });
    const before = this.asked.length;
    while (this.asked.length === before) await this.drawn();
    channel.close();
    await this.drawn();
  },
  show(...asked) {
    this.reauth.show(...asked);
    return this.drawn();
  },
  /** When all is drawn and nothing moves. */
  drawn: () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
};
document.documentElement.dataset.ready = "";
