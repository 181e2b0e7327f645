// The ways in for programs, against the real Worker and the stand-in of Upstox: `everlit/service`, its examples, `cargo xtask service`, and an
// alert that the Worker signs. What a bad network does to them is in tests/callers.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { openService } from "everlit/service";
import { stoppedClock } from "../servers/stand-ins/clock.mjs";
import { startUpstox } from "../servers/stand-ins/upstox/index.mjs";
import { signIn } from "../providers/support/standing.mjs";
import { until } from "../worker/support/until.mjs";
import { KEY, OPERATOR_KEY, SECRET, Services, service as configured } from "./support/services.mjs";

const EXAMPLES = fileURLToPath(new URL("../../www/examples/service/", import.meta.url));
const REDIRECT = "http://localhost:8787/auth/callback/upstox";
const SIGNING_KEY = `whsec_${randomBytes(32).toString("base64")}`;
const clock = stoppedClock(Date.now());

/** @type {(() => unknown)[]} */ const ends = [];
/** @type {Awaited<ReturnType<typeof startUpstox>>} */ let upstox;
/** @type {Services} */ let services;
/** @type {ReturnType<typeof openService>} */ let upstoxAccount;
/** @type {string} */ let folder;
/** @type {any[]} */ const heard = [];
/** @type {number[]} */ const answered = [];

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "everlit-callers-"));
  ends.push(() => rmSync(folder, { recursive: true, force: true }));
  upstox = await startUpstox({ clientSecret: SECRET, clock });
  ends.push(upstox.close);
  const receiver = createServer(async (incoming, outgoing) => {
    const headers = new Headers(Object.entries(incoming.headers).map(([name, value]) => /** @type {[string, string]} */ ([name, `${value}`])));
    const answer = await upstoxAccount.handleAlert(new Request("http://localhost/", /** @type {any} */ ({ method: "POST", headers, body: Readable.toWeb(incoming), duplex: "half" })));
    answered.push(answer.status);
    outgoing.writeHead(answer.status).end(await answer.text());
  }).listen(0, "127.0.0.1");
  await once(receiver, "listening");
  ends.push(() => receiver.close());
  const { port } = /** @type {import("node:net").AddressInfo} */ (receiver.address());
  services = await Services.start({ ...configured("upstox", upstox), ALERT_OPS: { url: `http://127.0.0.1:${port}/alerts` }, SECRET_ALERT_OPS_SIGNING_KEY: SIGNING_KEY });
  ends.push(() => services.close());
  upstoxAccount = openService({ url: services.origin, name: "upstox", key: KEY, signingKey: SIGNING_KEY });
  upstoxAccount.onAlert((alert) => heard.push(alert));
  writeFileSync(join(folder, "key"), KEY);
});
after(async () => {
  for (const end of ends.reverse()) await end();
});

/** A token, as somebody has had it by hand. */
async function logIn() {
  const dialog = `${upstox.origin}/v2/login/authorization/dialog?${new URLSearchParams({ client_id: "everlit-demo", redirect_uri: REDIRECT, response_type: "code" })}`;
  const code = (await signIn(upstox, dialog, "ada")).searchParams.get("code") ?? "";
  const body = new URLSearchParams({ code, client_id: "everlit-demo", client_secret: SECRET, redirect_uri: REDIRECT, grant_type: "authorization_code" });
  const answer = await fetch(`${upstox.origin}/v2/login/authorization/token`, { method: "POST", headers: { accept: "application/json" }, body });
  return (await answer.json()).access_token;
}

/** @param {string} program @param {string[]} args @param {Record<string, string>} env */
async function run(program, args, env) {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env: { PATH: process.env.PATH, PYTHONDONTWRITEBYTECODE: "1", ...env } });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (part) => (stdout += part));
  child.stderr.on("data", (part) => (stderr += part));
  const [code] = await once(child, "close");
  return { code, stdout, stderr };
}
const given = () => ({ EVERLIT_URL: services.origin, EVERLIT_SERVICE: "upstox", EVERLIT_KEY_FILE: join(folder, "key") });

test("before anybody has brought a token every program is told that a person is needed", async () => {
  const { token, reason, retryAfter } = await upstoxAccount.getValidSession();
  assert.deepEqual([token, reason], [null, "needs_human"]);
  assert.ok(Number(retryAfter) > 0);
  const shell = await run("sh", [join(EXAMPLES, "token.sh")], given());
  assert.deepEqual([shell.code, shell.stdout], [75, ""]);
  assert.match(shell.stderr, /^no token: needs_human, ask again in [\d.]+ s\n$/);
});

test("a token that was kept in a file is taken over, and every program gets it", { skip: process.env.EVERLIT_XTASK ? false : "EVERLIT_XTASK names no command" }, async () => {
  const kept = await logIn();
  writeFileSync(join(folder, ".env"), `UPSTOX_ACCESS_TOKEN='${kept}'\nUPSTOX_TOKEN_EXPIRY=2026-11-24T04:30:29\n`);
  const taken = await run(process.env.EVERLIT_XTASK ?? "", ["service", "import", join(folder, ".env"), "--to", services.origin, "--service", "upstox", "--json"], { EVERLIT_SERVICE_KEY: OPERATOR_KEY });
  assert.equal(taken.code, 0, taken.stdout + taken.stderr);
  const { verdict, remove, epoch } = JSON.parse(taken.stdout);
  assert.deepEqual([verdict, remove], ["accepted", ["UPSTOX_ACCESS_TOKEN", "UPSTOX_TOKEN_EXPIRY"]]);
  // What was said of the none is forgotten, by the alert or after its time.
  const session = await until("the token", async () => {
    const came = await upstoxAccount.getValidSession();
    return came.token ? came : undefined;
  });
  assert.deepEqual([session.token, session.tokenType, session.epoch, session.readOnly, session.provider], [kept, "Bearer", epoch, false, "upstox"]);
  assert.equal((await run("sh", [join(EXAMPLES, "token.sh")], given())).stdout, `${kept}\n`);
  const python = await run("python3", [join(EXAMPLES, "everlit_service.py")], given());
  assert.equal(JSON.parse(python.stdout).source, "imported", python.stderr);
});

test("the status says so, and a program that is no operator hands nothing in", { skip: process.env.EVERLIT_XTASK ? false : "EVERLIT_XTASK names no command" }, async () => {
  const status = await upstoxAccount.getSessionStatus();
  assert.deepEqual([status.active, status.source, status.provider], [true, "imported", "upstox"]);
  const refused = await run(process.env.EVERLIT_XTASK ?? "", ["service", "import", join(folder, ".env"), "--to", services.origin, "--service", "upstox"], { EVERLIT_SERVICE_KEY: KEY });
  assert.equal(refused.code, 1);
  assert.match(refused.stdout, /operator = true/);
  const login = await run(process.env.EVERLIT_XTASK ?? "", ["service", "login", "upstox", "--to", services.origin], { EVERLIT_SERVICE_KEY: OPERATOR_KEY });
  assert.match(login.stdout, /^http:\/\/localhost:\d+\/service\/upstox\/login\?ticket=[\w-]+\n$/, login.stderr);
});

test("alerts that the Worker has signed are believed, and told once each", async () => {
  const told = await until("both alerts", () => (heard.some(({ kind }) => kind === "human_answered") ? heard : undefined), 20_000);
  assert.deepEqual(told.map(({ kind }) => kind), ["human_needed", "human_answered"]);
  const [needed, brought] = told;
  assert.deepEqual([needed.service, needed.provider, typeof needed.text, needed.push, brought.source], ["upstox", "upstox", "string", true, "imported"]);
  assert.deepEqual([new Set(told.map(({ id }) => id)).size, [...new Set(answered)]], [2, [204]]);
});

test("a token that an operator has ended is given by no program any more that asks for another", async () => {
  const holds = await upstoxAccount.getValidSession();
  assert.ok(holds.token);
  assert.equal((await services.ask("DELETE", "upstox/credential", undefined, OPERATOR_KEY)).status, 204);
  const { token, reason } = await upstoxAccount.refresh({ holds });
  assert.deepEqual([token, reason], [null, "needs_human"]);
  assert.equal((await upstoxAccount.getValidSession()).token, null);
});
