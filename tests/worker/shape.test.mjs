/*
 * `fixtures/shape-1` holds the storage of three sessions as the first release wrote it (commit c188176), by way of its own
 * bundle: one that was refreshed, one that was logged out, and one that was killed in the middle of a token request. Beside them,
 * in `sessions.json`, are the keys, cookies and tokens they were made with; no server anywhere knows them.
 */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import { askOn } from "./support/asking.mjs";
import { Browser } from "./support/browser.mjs";
import { startScriptedStack } from "./support/scripted-stack.mjs";
import { SESSION_COOKIE } from "./support/stack.mjs";
import { placeVault } from "./support/storage.mjs";
import { until } from "./support/until.mjs";

const FOLDER = fileURLToPath(new URL("fixtures/shape-1/", import.meta.url));
/** @type {{ origin: string, sessionKey: string, sessions: Record<string, { file: string, cookie: string, epoch: number, generation: number, refreshToken: string, accessToken: string }> }} */
const { origin, sessionKey, sessions } = JSON.parse(await readFile(`${FOLDER}/sessions.json`, "utf8"));

/** A Worker that has these sessions. */
async function startWithFixtures() {
  const started = await startScriptedStack({
    door: true,
    change: (given) => ({
      ...given,
      // The cookies belong to the first origin, and the sessions have not reached their limits yet.
      ORIGINS: [origin, ...given.ORIGINS],
      LIMITS: { idle: "99999d", absolute: "99999d" },
      SECRET_SESSION_KEY: sessionKey,
    }),
  });
  await started.workerd.kill();
  for (const { file } of Object.values(sessions)) await placeVault(started.workerd, FOLDER, file);
  await started.workerd.begin();
  return started;
}

/** @type {import("./support/scripted-stack.mjs").ScriptedStack} */
let stack;
before(async () => { stack = await startWithFixtures(); });
after(() => stack?.close());

/** @param {string} name */
function open(name, { app, workerd } = stack) {
  const session = sessions[name];
  assert.ok(session);
  const browser = new Browser(app);
  browser.setCookie(SESSION_COOKIE, session.cookie);
  const rows = () => workerd.ask("SESSION_VAULT", session.cookie, "/sql", "SELECT *, hex(substr(refresh_token, 1, 1)) AS sealed_by FROM session");
  const ask = (/** @type {any} */ held) => askOn(browser, held);
  const vault = (/** @type {string} */ path, sql = "") => workerd.ask("SESSION_VAULT", session.cookie, path, sql);
  return { browser, session, rows, ask, vault };
}

/** @param {string} token */
const presentations = (token) => stack.as.requests("refresh_token").filter((form) => form.get("refresh_token") === token).length;

describe("storage that the first release wrote", () => {
  test("is read as it is, and has the present shape after its first write", async () => {
    const { browser, session, rows, ask } = open("refreshed");
    const [before] = await rows();
    assert.deepEqual([before.sealed_by, before.data_key, before.attempts], ["01", undefined, 0]);
    const shown = (await browser.call("/auth/session")).json;
    assert.deepEqual([shown.state, shown.epoch, shown.generation, shown.user.sub], ["active", session.epoch, 2, "scripted-user"]);
    assert.deepEqual(await rows(), [before], "to look changes nothing");
    const third = (await ask(shown)).json;
    assert.deepEqual([third.epoch, third.generation], [session.epoch, 3]);
    assert.equal(presentations(session.refreshToken), 1);
    const [migrated] = await rows();
    assert.deepEqual([migrated.shape, migrated.sealed_by, migrated.outcomes], [2, "00", "1,0,0,0,0,0,0,0,0"]);
    await stack.workerd.kill();
    await stack.workerd.begin();
    const again = (await browser.call("/auth/session")).json;
    assert.deepEqual([again.state, again.generation, again.user.sub], ["active", 3, "scripted-user"]);
    assert.equal((await browser.call("/api/orders")).status, 200);
  });

  test("of a session that was over says so", async () => {
    const answer = await open("ended").ask(undefined);
    assert.deepEqual([answer.status, answer.json.code, answer.json.reason], [401, "session_ended", "logout"]);
  });

  test("of a token request under way is no proof that it was never sent: it is ambiguous", async () => {
    const { session, rows, ask } = open("interrupted");
    const [before] = await rows();
    assert.deepEqual([before.status, before.intent_request], ["live", 0]);
    stack.as.onToken = (form) => (form.get("grant_type") === "refresh_token" ? { status: 400, json: { error: "invalid_grant" } } : undefined);
    const answer = await ask({ epoch: session.epoch, generation: session.generation });
    assert.equal(presentations(session.refreshToken), 1);
    assert.deepEqual([answer.status, answer.json.code, answer.json.reason], [401, "reauth_required", "rotation_lost"]);
    const [after] = await rows();
    assert.deepEqual([after.shape, after.status, after.outcomes], [2, "reauth:rotation_lost", "0,0,0,0,1,0,0,0,0"]);
  });

  test("has the present shape after its alarm, where nobody comes: also where only claims are left to seal", async () => {
    const other = await startWithFixtures();
    try {
      const [live, asking] = [open("refreshed", other), open("interrupted", other)];
      await asking.vault("/sql", "UPDATE session SET status = 'reauth:revoked', intent_request = NULL, intent_armed_at = NULL, access_token = NULL, refresh_token = NULL");
      for (const { vault, rows } of [live, asking]) {
        assert.equal((await rows())[0].data_key, undefined);
        await vault("/ring");
        const sealed = await until("the present shape", async () => {
          const [row] = await vault("/sql", "SELECT *, hex(substr(user, 1, 1)) AS sealed_by FROM session");
          return row.shape === 2 && row;
        });
        assert.deepEqual([sealed.version, sealed.sealed_by, sealed.data_key !== null], [1, "00", true]);
      }
      await other.workerd.kill();
      await other.workerd.begin();
      const shown = (await live.browser.call("/auth/session")).json;
      assert.deepEqual([shown.state, shown.generation, shown.user.sub], ["active", 2, "scripted-user"]);
      const asked = (await asking.browser.call("/auth/session")).json;
      assert.deepEqual([asked.state, asked.user.sub], ["reauth_required", "scripted-user"]);
    } finally {
      await other.close();
    }
  });
});
