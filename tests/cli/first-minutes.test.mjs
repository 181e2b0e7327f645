/** The first minutes of somebody new: from the packed package to a login, without an account, a network or Rust. */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { Browser, send } from "../worker/support/browser.mjs";
import { logIn } from "../worker/support/person.mjs";
import { freePort } from "../worker/support/ports.mjs";
import { until } from "../worker/support/until.mjs";
import { everlitAsync, npmInstall, npx, pack, scratch } from "./support/package.mjs";
import { Running } from "./support/running.mjs";

test("from an empty folder to a login: init, install, dev, and the doctor finds nothing", { timeout: 240_000 }, async (t) => {
  const folder = scratch();
  const { tarball } = pack(folder);
  const made = npx(tarball, ["init", "first"], folder);
  assert.equal(made.code, 0, made.err);
  const project = join(folder, "first");
  npmInstall(project);

  // Other tests run beside this one: the ports are its own.
  const [port, issuerPort] = [await freePort(), await freePort()];
  const path = join(project, "wrangler.toml");
  writeFileSync(path, readFileSync(path, "utf8").replace("localhost:8787", `localhost:${port}`).replace("127.0.0.1:9000", `127.0.0.1:${issuerPort}`));

  const running = new Running(project);
  t.after(() => running.stop());
  const app = await running.address();
  assert.equal(app, `http://localhost:${port}`);

  await t.test("the page and what it loads are served", async () => {
    const page = await send(`${app}/`);
    assert.match(page.text, /<script type="module" src="\/app\.js">/);
    /** @type {[string, RegExp][]} */
    const types = [["app.js", /javascript/], ["session.js", /javascript/], ["everlit/everlit.js", /javascript/], ["everlit/calls.js", /javascript/]];
    for (const [file, type] of types) {
      const answer = await send(`${app}/${file}`);
      assert.equal(answer.status, 200, file);
      assert.match(answer.headers["content-type"] ?? "", type, file);
    }
    for (const path of ["everlit/cli/main.js", "everlit/worker/index_bg.wasm"]) {
      assert.match((await send(`${app}/${path}`)).headers["content-type"] ?? "", /text\/html/, `${path} is not among what is served`);
    }
  });

  const browser = new Browser(app);
  await t.test("a person logs in by name, and has a session with their name in it", async () => {
    const landing = await logIn(browser, { login: "ada" });
    assert.equal(landing.status, 200, landing.text);
    const { json } = await browser.call("/auth/session");
    assert.equal(json.state, "active");
    assert.equal(json.user.sub, "ada");
    assert.equal(json.user.name, "Ada");
  });

  await t.test("the session is renewed by a refresh token that rotates", async () => {
    const { json: before } = await browser.call("/auth/session");
    const question = { v: 1, epoch: before.epoch, generation: before.generation, reason: "forced", tab_state: "visible" };
    // A token of this moment is good enough for the Worker: it is asked for another until it takes the wish seriously.
    const answer = await until("another token", async () => {
      const { status, json } = await browser.call("/auth/token", { method: "POST", json: question });
      return status === 200 && json.generation > before.generation && json;
    }, 40_000);
    assert.equal(answer.generation, before.generation + 1);
  });

  await t.test("the doctor finds nothing wrong with the project, nor with what runs", async () => {
    for (const words of [[], [app]]) {
      const { code, out, err } = await everlitAsync(project, ["doctor", "--json", ...words]);
      const report = JSON.parse(out);
      const others = report.checks.filter((/** @type {{ verdict: string }} */ { verdict }) => verdict !== "ok");
      // `wrangler dev` sends no Date.
      const unchecked = words.length ? [{ name: "clock of the Worker", verdict: "unchecked", said: "not checked: its answers have no Date" }] : [];
      assert.deepEqual(others, unchecked, `${words}: ${err}`);
      assert.equal(report.ok, true);
      assert.equal(code, 0);
      assert.ok(report.checks.length > 5, `${report.checks.length} checks`);
    }
  });

  await t.test("Ctrl-C ends all of it: both ports are free", async () => {
    assert.equal(await running.stop(), 0, running.err);
    for (const each of [port, issuerPort]) await assert.rejects(send(`http://127.0.0.1:${each}/`, { limitMs: 3000 }), /ECONNREFUSED/);
  });
});
