// Both Reacts in a real document; what components read is counted in renders.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { createTestSession } from "everlit/testing";
import { place, react } from "./dom.mjs";

const wasm = new WebAssembly.Module(readFileSync(new URL("../../crates/web/dist/everlit.wasm", import.meta.url)));
const golden = (name) => readFileSync(new URL(`../../crates/wire/golden/${name}.json`, import.meta.url), "utf8");
const turn = () => new Promise((done) => setTimeout(done));

/** A Worker behind the global `fetch`: which questions it got. */
function worker(answer = () => Response.json(JSON.parse(golden("session_active")))) {
  const asked = [];
  globalThis.fetch = async (path) => {
    asked.push(path);
    return answer();
  };
  return asked;
}

for (const version of [18, 19]) {
  const { React, createRoot, hydrateRoot, renderToString, everlit, performReactRefresh, register } = await react(version);
  const { StrictMode, act = React.act, createElement: h, useState, Component } = React;
  const { SessionProvider, useSession, useSessionState, useUser, useProvider, useHealth, useCountdown, useIdlePrompt, useReauth } = everlit;

  /** Renders this, and says how to go on. */
  const mounted = async (element) => {
    const at = place();
    const root = createRoot(at);
    await act(async () => root.render(element));
    return { at, text: () => at.textContent, render: (other) => act(async () => root.render(other)), unmount: () => act(async () => root.unmount()) };
  };
  /** A component that shows what it reads, and counts. */
  const reader = (read) => {
    const Reader = () => {
      Reader.renders += 1;
      const value = read();
      return h("p", null, typeof value === "string" ? value : JSON.stringify(value ?? null));
    };
    return Object.assign(Reader, { renders: 0 });
  };
  /** Shows the error that was thrown below. */
  class Boundary extends Component {
    state = {};
    static getDerivedStateFromError = (error) => ({ error });
    render() {
      return this.state.error ? `caught ${this.state.error.code ?? this.state.error.message}` : this.props.children;
    }
  }
  const quietly = async (work) => {
    const { error } = console;
    console.error = () => {};
    try {
      return await work();
    } finally {
      console.error = error;
    }
  };

  describe(`React ${version}`, () => {
    test("a dialog reads what only a person can mend, and says what they did", async () => {
      const kit = await createTestSession({ upstreams: [{ name: "quotes", service: "breeze" }] });
      kit.respond("/list", []);
      let people, anew;
      const views = new Set();
      const Reader = reader(() => {
        const [, again] = useState(0);
        anew = () => again((count) => count + 1);
        people = useReauth();
        views.add(people);
        return people?.asked.map(({ vault, phase, problem, waiting }) => [vault, phase, problem?.kind ?? "well", waiting].join(" ")).join() ?? "nobody";
      });
      assert.match(renderToString(h(SessionProvider, { session: kit.session }, h(Reader))), /nobody/);
      const { text, unmount } = await mounted(h(StrictMode, null, h(SessionProvider, { session: kit.session }, h(Reader))));
      await act(async () => {
        while (!people) await turn();
      });
      assert.equal(text(), "");
      let call;
      await act(async () => {
        await kit.needService("breeze", { accepts: "right" });
        call = kit.session.fetch("/api/quotes/list");
        await kit.settle();
      });
      assert.equal(text(), "service:breeze asking well 1");
      const { submit } = people;
      await act(async () => submit("service:breeze", "wrong"));
      assert.equal(text(), "service:breeze asking foreign 1");
      await act(async () => submit("service:breeze", "right"));
      assert.equal((await call).status, 200);
      assert.equal(text(), "service:breeze done well 0");
      const { renders } = Reader;
      await act(async () => kit.settle());
      assert.equal(Reader.renders, renders, "what does not change renders nothing");
      const { size } = views;
      await act(async () => anew());
      assert.deepEqual([Reader.renders > renders, views.size], [true, size], "what does not change is the same object");
      await unmount();
      kit.close();
    });

    test("each hook says what the session says, and renders only when that changes", async () => {
      const kit = await createTestSession({ user: { sub: "1", name: "Ada" }, providers: ["demo", "broker"] });
      const readers = {
        state: reader(useSessionState),
        user: reader(() => useUser()?.name),
        provider: reader(() => useProvider("broker")),
        health: reader(() => useHealth().grade),
        session: reader(() => `${useSession() === kit.session}`),
      };
      const page = await mounted(h(SessionProvider, { session: kit.session }, ...Object.values(readers).map((each) => h(each))));
      assert.equal(page.text(), `activeAda{"name":"broker","state":"unavailable"}excellenttrue`);
      const renders = () => Object.entries(readers).map(([name, { renders }]) => [name, renders]);
      const first = Object.fromEntries(renders());
      await act(() => kit.session.refresh());
      await act(() => kit.settle());
      const { state, ...others } = Object.fromEntries(renders());
      assert.ok(state > first.state, "it went through refreshing");
      delete first.state;
      assert.deepEqual(others, first, "nobody else read a state");
      const before = Object.fromEntries(renders());
      await act(() => kit.loginAs({ sub: "2", name: "Grace" }));
      assert.match(page.text(), /^activeGrace/);
      const after = Object.fromEntries(renders());
      assert.ok(after.user > before.user);
      assert.deepEqual([after.session, after.health], [before.session, before.health]);
      await page.unmount();
      assert.equal(kit.session.state, "active", "whose session it was has it still");
      await kit.session.refresh();
      kit.close();
    });

    test("a session that is still on its way is waited for", async () => {
      const kit = await createTestSession();
      const State = reader(useSessionState);
      let come;
      const session = new Promise((done) => (come = done));
      const page = await mounted(h(SessionProvider, { session }, h(State)));
      assert.equal(page.text(), "resuming");
      await act(async () => come(kit.session));
      assert.equal(page.text(), "active");
      await page.render(h(SessionProvider, { session: undefined }, h(State)));
      assert.equal(page.text(), "resuming", "none yet is none, and opens none");
      await page.unmount();
      kit.close();
    });

    test("Strict Mode opens one session, and leaving the page closes it", async () => {
      const asked = worker();
      let session;
      const Reader = reader(() => (session = useSession())?.state);
      const page = await mounted(h(StrictMode, null, h(SessionProvider, { options: { wasm, events: false } }, h(Reader))));
      await act(turn);
      await act(turn);
      assert.deepEqual(asked, ["/auth/session"]);
      assert.equal(session.user.name, "Ada Lovelace");
      await page.unmount();
      await turn();
      await turn();
      await assert.rejects(session.refresh(), { code: "ERR_SESSION_DISPOSED" });
    });

    test("two providers that were given equal options have a session each, and leaving the page closes both", async () => {
      const asked = worker();
      const seen = new Set();
      const Reader = reader(() => {
        const session = useSession();
        if (session) seen.add(session);
        return session?.state;
      });
      const provider = (key) => h(SessionProvider, { key, options: { wasm, events: false } }, h(Reader));
      for (const wrapped of [(...all) => h(StrictMode, null, ...all), (...all) => h("div", null, ...all)]) {
        const page = await mounted(wrapped(provider(1), provider(2)));
        await act(turn);
        await act(turn);
        assert.equal(page.text(), "activeactive");
        await page.unmount();
        await turn();
        await turn();
      }
      assert.equal(seen.size, 4);
      assert.equal(asked.length, 4);
      for (const session of seen) await assert.rejects(session.refresh(), { code: "ERR_SESSION_DISPOSED" });
    });

    test("options that are new objects in each render open nothing anew", async () => {
      const asked = worker();
      const app = () => h(SessionProvider, { options: { wasm, events: false, retry: () => 5 } }, h(reader(useSessionState)));
      const page = await mounted(app());
      await act(turn);
      await page.render(app());
      await act(turn);
      assert.deepEqual(asked, ["/auth/session"]);
      await page.unmount();
      await turn();
    });

    test("hot reload keeps the session, also where it mounts the app anew", async () => {
      const asked = worker();
      const seen = new Set();
      const Reader = reader(() => {
        const session = useSession();
        if (session) seen.add(session);
        return session?.state;
      });
      const version = (text) => {
        const App = () => h(SessionProvider, { options: { wasm, events: false, retry: () => 5 } }, text, h(Reader));
        return App;
      };
      const First = version("first ");
      register(First, "App");
      const page = await mounted(h(First));
      await act(turn);
      assert.equal(page.text(), "first active");
      register(version("second "), "App");
      await act(async () => performReactRefresh());
      assert.equal(page.text(), "second active");
      // A provider with another key is another provider, as after an edit that hot reload cannot keep.
      await page.render(h(version("third "), { key: "anew" }));
      await act(turn);
      assert.equal(page.text(), "third active");
      assert.equal(seen.size, 1);
      assert.deepEqual(asked, ["/auth/session"]);
      await [...seen][0].refresh().catch((error) => assert.notEqual(error.code, "ERR_SESSION_DISPOSED"));
      await page.unmount();
      await turn();
    });

    test("what is no session is said to whoever hears errors", async () => {
      for (const session of [() => {}, "session", Promise.resolve({})]) {
        const errors = [];
        const page = await mounted(h(SessionProvider, { session, onError: ({ message }) => errors.push(message) }, h(reader(useSessionState))));
        await act(turn);
        assert.equal(page.text(), "resuming");
        assert.equal(errors.length, 1);
        assert.match(errors[0], /^everlit: a Session is wanted, of await openSession\(\), and what came is /);
        await page.unmount();
      }
    });

    test("an error of opening goes to onError, or else to the error boundary", async () => {
      const { WebAssembly } = globalThis;
      globalThis.WebAssembly = undefined;
      try {
        const errors = [];
        const heard = await mounted(h(SessionProvider, { options: { wasm }, onError: (error) => errors.push(error.code) }, h(reader(useSessionState))));
        await act(turn);
        assert.deepEqual([errors, heard.text()], [["ERR_SESSION_UNSUPPORTED"], "resuming"]);
        await heard.unmount();
        await turn();
        await quietly(async () => {
          const thrown = await mounted(h(Boundary, null, h(SessionProvider, { options: { wasm } }, h(reader(useSessionState)))));
          await act(turn);
          assert.equal(thrown.text(), "caught ERR_SESSION_UNSUPPORTED");
          await thrown.unmount();
        });
      } finally {
        globalThis.WebAssembly = WebAssembly;
      }
    });

    test("a provider with another key tries again after an error, with the same options", async () => {
      worker();
      const errors = [];
      const provider = (key) => h(SessionProvider, { key, options: { wasm }, onError: (error) => errors.push(error.code) }, h(reader(useSessionState)));
      const { WebAssembly } = globalThis;
      globalThis.WebAssembly = undefined;
      const page = await mounted(provider(1)).finally(() => (globalThis.WebAssembly = WebAssembly));
      await act(turn);
      assert.deepEqual([errors, page.text()], [["ERR_SESSION_UNSUPPORTED"], "resuming"]);
      await page.render(provider(2));
      await act(turn);
      await act(turn);
      assert.deepEqual([errors, page.text()], [["ERR_SESSION_UNSUPPORTED"], "active"]);
      await page.unmount();
      await turn();
    });

    test("a server renders what is true of nobody, opens nothing, and the page takes it over without mismatch", async () => {
      const kit = await createTestSession();
      const asked = worker();
      const App = (props) => h(SessionProvider, props, h(reader(useSessionState)), h(reader(() => `${useUser()?.name} ${!!useSession()} ${useCountdown("token")} ${useIdlePrompt().prompted}`)));
      const html = renderToString(h(App, { options: { wasm } }));
      assert.equal(html, "<p>resuming</p><p>undefined false undefined false</p>");
      assert.deepEqual(asked, []);
      const complaints = [];
      const { error } = console;
      console.error = (...said) => complaints.push(said);
      const at = place(html);
      const first = at.firstChild;
      let root;
      await act(async () => (root = hydrateRoot(at, h(App, { session: kit.session }), { onRecoverableError: (caught) => complaints.push(caught) })));
      console.error = error;
      assert.deepEqual(complaints, []);
      assert.equal(at.firstChild, first, "the server's element is in use");
      assert.match(at.textContent, /^activeAda Lovelace true 300000 false$/);
      await act(async () => root.unmount());
      kit.close();
    });

    test("a countdown renders once in each interval", async () => {
      const kit = await createTestSession({ lifetime: "5m" });
      const Left = reader(() => useCountdown("token", 10_000));
      const Refresh = reader(() => useCountdown("refresh"));
      const page = await mounted(h(SessionProvider, { session: kit.session }, h(Left)));
      assert.equal(page.text(), "300000");
      const first = Left.renders;
      await act(() => kit.advance("30s"));
      assert.equal(page.text(), "270000");
      const { renders } = Left;
      assert.ok(renders > first && renders <= first + 3, "React may take several ticks together");
      await act(() => kit.advance("9s"));
      assert.equal(page.text(), "270000");
      assert.equal(Left.renders, renders, "nothing that is shown changed");
      await page.render(h(SessionProvider, { session: kit.session }, h(Refresh)));
      assert.ok(+page.text() > 0 && +page.text() < 270_000);
      await page.unmount();
      await quietly(async () => {
        const wrong = await mounted(h(Boundary, null, h(SessionProvider, { session: kit.session }, h(reader(() => useCountdown("tokens"))))));
        assert.match(wrong.text(), /useCountdown\("tokens", 1000\): takes "idle", "token" or "refresh"/);
        for (const interval of [0, -1, NaN, Infinity, "1s"]) {
          const never = await mounted(h(Boundary, null, h(SessionProvider, { session: kit.session }, h(reader(() => useCountdown("token", interval))))));
          assert.match(never.text(), /milliseconds above 0/, `${interval}`);
        }
      });
      kit.close();
    });

    test("a countdown in the smallest steps comes to rest", async () => {
      const { session } = await createTestSession({ lifetime: "5m" });
      // The page's own clock, which goes on while React renders.
      Object.defineProperty(session, "token", { get: () => ({ expiresIn: 300_000 - performance.now() }) });
      const Left = reader(() => useCountdown("token", 0.001));
      const page = await mounted(h(Boundary, null, h(SessionProvider, { session }, h(Left))));
      assert.match(page.text(), /^\d+$/);
      assert.equal(+page.text() % 50, 0);
      assert.ok(Left.renders < 10, `${Left.renders} renders`);
      await page.unmount();
      session.close();
    });

    test("the idle prompt says how long there is, and the user stays", async () => {
      const kit = await createTestSession({ idleLimit: "30m", options: { idle: { prompt: 60_000 } } });
      let prompt;
      const Prompt = reader(() => (prompt = useIdlePrompt()).prompted && prompt.left);
      const page = await mounted(h(SessionProvider, { session: kit.session }, h(Prompt)));
      assert.equal(page.text(), "false");
      const { session } = kit;
      const clock = session[Symbol.for("everlit.clock")];
      const { every } = clock;
      let ticking = 0;
      clock.every = (...given) => {
        ticking += 1;
        const stop = every.apply(clock, given);
        return () => ((ticking -= 1), stop());
      };
      const other = await mounted(h(SessionProvider, { session }, h(Prompt)));
      assert.equal(ticking, 0, "no timer runs where nothing counts down");
      await act(() => kit.advance("29m"));
      await act(() => kit.advance("20s"));
      assert.ok(prompt.prompted && prompt.left <= 41_000 && prompt.left > 30_000, page.text());
      assert.equal(ticking, 2);
      const { left } = prompt;
      await act(() => kit.advance("10s"));
      assert.equal(prompt.left, left - 10_000);
      await act(async () => prompt.stay());
      assert.deepEqual([prompt.prompted, prompt.left, ticking], [false, undefined, 0]);
      await other.unmount();
      await act(() => kit.advance("5m"));
      assert.equal(kit.session.state, "active", "it did not end when it was said to");
      await page.unmount();
      kit.close();
    });

    test("a hook outside of a provider says so", async () => {
      await quietly(async () => {
        const page = await mounted(h(Boundary, null, h(reader(useUser))));
        assert.match(page.text(), /outside of <SessionProvider>; render one/);
      });
    });
  });
}
