// The README's few lines for Vue, Svelte and Solid, as they stand there, each in a component of its framework.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { createTestSession } from "everlit/testing";
import { compile } from "svelte/compiler";
import { bundled, place } from "./dom.mjs";

const readme = readFileSync(new URL("../../crates/web/README.md", import.meta.url), "utf8");

/** The README's code block below the framework's name. @param {string} framework */
function block(framework) {
  const [, code] = new RegExp(`\\n${framework}:\\n\\n\`\`\`ts\\n([^]*?)\`\`\``).exec(readme) ?? [];
  assert.ok(code, `the README shows ${framework}`);
  return code;
}

const SVELTE = `<script>
  let { session, rendered } = $props();
  const now = sessionStore(session);
</script>
<p>{rendered($now.state)} {$now.user?.name ?? "nobody"}</p>`;

/** Each: what is written around the README's lines; it exports `mount`, which shows the state and the user, and gives how to end that. */
const APPS = {
  Vue: () => `${block("Vue")}
    import { createApp, h, nextTick } from "vue";
    export const turn = nextTick;
    export function mount(at, session, rendered) {
      const app = createApp({ setup() { const now = useSession(session); return () => h("p", [rendered(now.value.state), " ", now.value.user?.name ?? "nobody"]); } });
      app.mount(at);
      return () => app.unmount();
    }`,
  Svelte: () => `${block("Svelte")}
    import { mount as show, unmount, tick } from "svelte";
    ${compile(SVELTE, { generate: "client", runes: true }).js.code}
    export const turn = tick;
    export function mount(at, session, rendered) {
      const app = show(Svelte, { target: at, props: { session, rendered } });
      return () => unmount(app);
    }`.replace("export default function", "function").replace(/function \w+(?=\(\$\$anchor)/, "function Svelte"),
  Solid: () => `${block("Solid")}
    import { render } from "solid-js/web";
    import html from "solid-js/html";
    export const turn = async () => {};
    export const mount = (at, session, rendered) => render(() => { const now = createSession(session); return html\`<p>\${() => \`\${rendered(now().state)} \${now().user?.name ?? "nobody"}\`}</p>\`; }, at);`,
};

for (const [framework, app] of Object.entries(APPS)) {
  test(`${framework} shows what the session says with the README's ten lines, renders when that changes, and lets go of it`, async () => {
    const code = block(framework);
    assert.ok(code.trim().split("\n").filter((line) => line && !line.startsWith("/**") && !line.startsWith("import ")).length <= 10, "ten lines");
    const { mount, turn } = await bundled(app(), { platform: "browser" });
    const kit = await createTestSession({ user: { sub: "1", name: "Ada" } });
    let listeners = 0;
    const { addEventListener } = kit.session;
    kit.session.addEventListener = (type, listener, options) => {
      listeners += 1;
      options.signal.addEventListener("abort", () => (listeners -= 1));
      addEventListener.call(kit.session, type, listener, options);
    };
    const at = place();
    let renders = 0;
    const end = mount(at, kit.session, (state) => ((renders += 1), state));
    await turn();
    assert.equal(at.textContent, "active Ada");
    assert.ok(listeners > 0);
    const first = renders;
    await kit.advance("10s");
    await turn();
    assert.equal(renders, first, "nothing changed");
    await kit.logoutElsewhere();
    await turn();
    assert.equal(at.textContent, "logged-out nobody");
    await kit.loginAs({ sub: "2", name: "Grace" });
    await turn();
    assert.equal(at.textContent, "active Grace");
    await end();
    assert.equal(listeners, 0, "nobody listens any more");
    kit.close();
  });
}
