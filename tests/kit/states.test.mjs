// What `everlit init` writes, and the examples, in every state of a session: what they say is true of it, and a login is offered where it helps.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { createTestSession } from "everlit/testing";
import { compileScript, parse } from "vue/compiler-sfc";
import { place } from "./dom.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const TEMPLATES = join(ROOT, "crates/web/templates");
const EXAMPLES = join(ROOT, "www/examples");
const body = (file) => /<body>([^]*)<\/body>/.exec(readFileSync(file, "utf8"))[1];
const MARKUP = readFileSync(join(TEMPLATES, "shared/body.html"), "utf8");
/** Each app: where its script is, and what its page has in it before. */
const APPS = {
  "the template plain": [join(TEMPLATES, "plain/public/app.js"), MARKUP],
  "the template vite": [join(TEMPLATES, "vite/src/main.ts"), MARKUP],
  "the template react": [join(TEMPLATES, "react/src/main.tsx"), '<main id="root"></main>'],
  "the example plain": [join(EXAMPLES, "plain/public/app.js"), body(join(EXAMPLES, "plain/public/index.html"))],
  "the example react": [join(EXAMPLES, "react/src/main.tsx"), body(join(EXAMPLES, "react/index.html"))],
  "the example vue": [join(EXAMPLES, "vue/src/main.ts"), body(join(EXAMPLES, "vue/index.html"))],
};

const folder = mkdtempSync(join(tmpdir(), "everlit-states-"));
after(() => rmSync(folder, { recursive: true }));
// Here it is the page that renders, in its own time.
globalThis.IS_REACT_ACT_ENVIRONMENT = false;

/** Runs an app's script with this session, whatever it opens. */
async function run(script, session) {
  globalThis.opened = session;
  const plugin = {
    name: "app",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /(^everlit|\/everlit\.js)$/ }, () => ({ path: "everlit", namespace: "under-test" }));
      onLoad({ filter: /.*/, namespace: "under-test" }, () => ({ contents: "export const openSession = async () => globalThis.opened; export const isSessionError = () => true;" }));
      // The look, which templates share.
      onResolve({ filter: /\.css$/ }, () => ({ path: "look", namespace: "look" }));
      onLoad({ filter: /.*/, namespace: "look" }, () => ({ contents: "" }));
      onLoad({ filter: /\.vue$/ }, ({ path }) => ({
        contents: compileScript(parse(readFileSync(path, "utf8"), { filename: path }).descriptor, { id: basename(path), inlineTemplate: true }).content,
        loader: "ts",
        resolveDir: dirname(path),
      }));
    },
  };
  const { outputFiles } = await build({
    entryPoints: [script], bundle: true, format: "esm", platform: "browser", write: false, plugins: [plugin], jsx: "automatic", logLevel: "error",
    outdir: folder, define: { "process.env.NODE_ENV": '"production"', __VUE_OPTIONS_API__: "false", __VUE_PROD_DEVTOOLS__: "false", __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "false" },
  });
  const file = join(mkdtempSync(join(folder, "app-")), "app.mjs");
  writeFileSync(file, outputFiles[0].text);
  await import(pathToFileURL(file).href);
}

/** What a person sees of it. */
function seen(element) {
  const text = (node) => (node.hidden ? "" : node.nodeType === 3 ? node.data : [...node.childNodes].map(text).join(" "));
  const buttons = [...element.querySelectorAll("button")].filter(({ hidden }) => !hidden).map((button) => button.textContent.trim());
  return { text: text(element).replace(/\s+/g, " ").trim(), buttons: buttons.filter((label) => /^Log/.test(label)) };
}

for (const [name, [script, html]] of Object.entries(APPS)) {
  test(`${name} says what is true in every state, and offers a login where it helps`, async () => {
    const kit = await createTestSession({ user: null });
    document.body.replaceChildren();
    const at = place(html);
    const shows = async (state, words, buttons) => {
      await kit.settle();
      // Frameworks render some turns later.
      for (let turns = 0; turns < 100 && !(words.test(seen(at).text) && `${seen(at).buttons}` === `${buttons}`); turns += 1) await new Promise((done) => setTimeout(done));
      assert.match(seen(at).text, words);
      assert.deepEqual(seen(at).buttons, buttons);
      assert.ok(seen(at).text.includes(`The session is ${state}`), seen(at).text);
      assert.equal(/Nobody is logged in/.test(seen(at).text), state === "logged-out", seen(at).text);
    };
    await run(script, kit.session);
    await shows("logged-out", /Nobody is logged in\./, ["Log in"]);
    await kit.session.login();
    await shows("logging-in", /On the way to the login\./, []);
    await kit.loginAs({ sub: "1", name: "Ada" });
    await shows("active", /Hello, Ada\./, ["Log out"]);
    kit.unavailable();
    await kit.session.refresh().catch(() => {});
    await shows("degraded", /Hello, Ada\. The server cannot help just now/, ["Log out"]);
    kit.recover();
    await kit.advance("1m");
    await shows("active", /Hello, Ada\. The session is/, ["Log out"]);
    await kit.needHuman();
    await shows("reauth-required", /Hello, Ada\. Log in again to go on\./, ["Log in", "Log out"]);
    await kit.loginAs({ sub: "1", name: "Ada" });
    await shows("active", /Hello, Ada\. The session is/, ["Log out"]);
    await kit.endSession();
    await shows("ended", /The session has ended\./, ["Log in"]);
    kit.close();
  });

  test(`${name} does not say who is there when nobody could be asked`, async () => {
    const kit = await createTestSession();
    kit.unavailable();
    const { session } = await kit.openTab();
    document.body.replaceChildren();
    const at = place(html);
    await run(script, session);
    for (let turns = 0; turns < 100 && !/degraded/.test(seen(at).text); turns += 1) await new Promise((done) => setTimeout(done));
    assert.match(seen(at).text, /The server cannot help just now; it is asked again by itself\. The session is degraded/);
    assert.deepEqual(seen(at).buttons, []);
    kit.close();
  });
}
