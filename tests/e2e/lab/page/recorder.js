// Loaded before everything else: writes down what any script of this page could see, in the order in which it came.
"use strict";
{
  /** Points in time by the clock that no test changes. */
  const now = () => performance.timeOrigin + performance.now();
  /** @type {{ at: number, kind: string, text: string }[]} */
  const seen = [];
  /** @type {{ at: number, type: string, detail: any }[]} */
  const events = [];
  const textOf = (value, depth = 0) => {
    if (typeof value?.stack === "string") return `${value.name}: ${value.message}\n${value.stack}\n${value.code ?? ""} ${depth < 4 ? textOf(value.cause, depth + 1) : ""}`;
    if (typeof value === "string") return value;
    try {
      return JSON.stringify(value) ?? String(value);
    } catch {
      return String(value);
    }
  };
  const note = (kind, ...values) => seen.push({ at: now(), kind, text: values.map((value) => textOf(value)).join(" ") });

  for (const level of ["debug", "log", "info", "warn", "error", "trace"]) {
    const real = console[level];
    console[level] = (...values) => {
      note(`console.${level}`, ...values);
      real.apply(console, values);
    };
  }
  addEventListener("error", (event) => note("error", event.message, event.error));
  addEventListener("unhandledrejection", (event) => note("unhandledrejection", event.reason));
  addEventListener("securitypolicyviolation", (event) => note("csp", event.violatedDirective, event.blockedURI));

  // Every event that the session dispatches is one that the app could hear.
  const dispatch = EventTarget.prototype.dispatchEvent;
  EventTarget.prototype.dispatchEvent = function (event) {
    if (event instanceof CustomEvent) {
      events.push({ at: now(), type: event.type, detail: event.detail });
      note(`event ${event.type}`, event.detail, Object.keys(event.detail ?? {}).map((key) => event.detail[key]));
    }
    return dispatch.call(this, event);
  };

  // Every channel that is opened here is one that any script of this origin could open too.
  const RealChannel = globalThis.BroadcastChannel;
  const channels = new Map();
  if (RealChannel) {
    globalThis.BroadcastChannel = class extends RealChannel {
      constructor(name) {
        super(name);
        note("channel", name);
        if (channels.has(name)) return;
        const spy = new RealChannel(name);
        spy.onmessage = ({ data }) => note(`channel ${name}`, data);
        channels.set(name, spy);
      }
      postMessage(data) {
        note(`posted ${this.name}`, data);
        super.postMessage(data);
      }
    };
    // What listens keeps some browsers from putting a page into the back/forward cache.
    addEventListener("pagehide", () => {
      for (const spy of channels.values()) spy.close();
      channels.clear();
    });
  }
  addEventListener("message", ({ data, origin }) => note("message", origin, data));

  const RealSocket = globalThis.WebSocket;
  if (RealSocket) {
    globalThis.WebSocket = class extends RealSocket {
      constructor(...given) {
        super(...given);
        note("socket", String(given[0]));
        this.addEventListener("message", ({ data }) => note("socket frame", data));
      }
    };
  }

  const realFetch = globalThis.fetch;
  globalThis.fetch = async (...given) => {
    note("fetch", given[0] instanceof Request ? given[0].url : String(given[0]), given[1]?.body ?? "");
    try {
      const response = await realFetch(...given);
      if (!/wasm/.test(response.headers.get("content-type") ?? "")) {
        response.clone().text().then((text) => note("answer", response.url, [...response.headers], text), () => {});
      }
      return response;
    } catch (error) {
      note("fetch failed", error);
      throw error;
    }
  };
  // Every time that a timer wakes this page; the tests' own scripts set none while they count.
  const wakes = [];
  for (const name of ["setTimeout", "setInterval"]) {
    const real = globalThis[name];
    globalThis[name] = (callback, delay, ...given) =>
      real(
        (...now_) => {
          wakes.push({ at: now(), delay });
          callback(...now_);
        },
        delay,
        ...given,
      );
  }
  const visibility = [{ at: now(), state: document.visibilityState }];
  document.addEventListener("visibilitychange", () => visibility.push({ at: now(), state: document.visibilityState }));

  const recorder = { wakes, visibility, seen, events, note, now, persisted: 0, resumed: 0 };
  addEventListener("pageshow", ({ persisted }) => (recorder.persisted += Number(persisted)));
  document.addEventListener("resume", () => (recorder.resumed += 1));
  globalThis.recorder = recorder;
}
