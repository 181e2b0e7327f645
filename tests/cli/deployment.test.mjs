/** `everlit doctor <url>`: a deployment that works, seen through something between it and the world that breaks it in each way. */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { freePort } from "../worker/support/ports.mjs";
import { everlit, everlitAsync, pack, scratch, unpack } from "./support/package.mjs";
import { Running } from "./support/running.mjs";

/** @typedef {{ status: number, headers: import("node:http").IncomingHttpHeaders, body: string }} Passed */

/** What a proxy makes of an answer; nothing, where it is well configured. @type {(path: string, answer: Passed) => void} */
let change = () => {};
let folder = "", project = "", app = "", front = "", frontPort = 0, running = /** @type {Running} */ (/** @type {unknown} */ (undefined));

const proxy = createServer((incoming, outgoing) => {
  // `localhost` may be ::1 first.
  const options = { host: "127.0.0.1", port: new URL(app).port, method: incoming.method, path: incoming.url, headers: incoming.headers };
  const asked = request(options, async (answer) => {
    let body = "";
    for await (const part of answer) body += part;
    const { "content-length": _, "transfer-encoding": __, ...headers } = answer.headers;
    const passed = { status: answer.statusCode ?? 0, headers, body };
    change(incoming.url ?? "", passed);
    outgoing.writeHead(passed.status, passed.headers).end(passed.body);
  });
  asked.on("error", () => outgoing.writeHead(502).end());
  incoming.pipe(asked);
});

before(async () => {
  folder = scratch();
  const { tarball } = pack(folder);
  const tool = join(folder, "tool");
  unpack(tarball, tool);
  project = join(folder, "deployed");
  assert.equal(everlit(tool, ["init", project], folder).code, 0);
  unpack(tarball, project);
  const [port, issuerPort] = [await freePort(), await freePort()];
  frontPort = await freePort();
  front = `http://localhost:${frontPort}`;
  edit("wrangler.toml", /ORIGINS = .*/, `ORIGINS = ["${front}", "http://localhost:${port}"]`);
  edit("wrangler.toml", "127.0.0.1:9000", `127.0.0.1:${issuerPort}`);
  app = `http://localhost:${port}`;
  await deploy();
  await new Promise((resolve) => proxy.listen(frontPort, "127.0.0.1", () => resolve(undefined)));
});
after(async () => {
  await running?.stop();
  proxy.closeAllConnections();
  proxy.close();
});

/** @param {string} file @param {string | RegExp} from @param {string} to */
function edit(file, from, to) {
  const path = join(project, file);
  const text = readFileSync(path, "utf8");
  const changed = text.replace(from, () => to);
  assert.notEqual(changed, text, `${file} has ${from} in it`);
  writeFileSync(path, changed);
}

/** @param {string} url */
async function look(url) {
  const { code, out, err } = await everlitAsync(project, ["doctor", "--json", url]);
  assert.equal(err, "");
  const checks = /** @type {{ name: string, verdict: string, said: string, remedy?: string }[]} */ (JSON.parse(out).checks);
  return { code, bad: checks.filter(({ verdict }) => verdict !== "ok" && verdict !== "unchecked") };
}

/** Deploys what is configured now. Nothing runs while that is changed: wrangler ends where it comes upon a file that is half written. */
async function deploy() {
  running = new Running(project, ["--port", new URL(app).port]);
  assert.equal(await running.address(), app);
}

test("the deployment that is to be broken has nothing wrong with it", async () => {
  const { code, bad } = await look(front);
  assert.deepEqual(bad, []);
  assert.equal(code, 0);
});

test("an origin that the Worker does not know: ORIGINS as it says mends it", async () => {
  const other = `http://127.0.0.1:${frontPort}`;
  const { code, bad } = await look(other);
  assert.equal(code, 1);
  assert.deepEqual(bad.map(({ name }) => name), ["origins"]);
  const [line] = /ORIGINS = \[.*?\]/.exec(bad[0]?.remedy ?? "") ?? [];
  assert.equal(line, `ORIGINS = ["${front}","${app}","${other}"]`);
  await running.stop();
  edit("wrangler.toml", /ORIGINS = .*/, line);
  await deploy();
  assert.deepEqual((await look(other)).bad, []);
});

/** @type {[string, string, "warn" | "fail", RegExp, RegExp, (path: string, answer: Passed) => void][]} */
const BREAKS = [
  ["a cookie that lost Secure on its way", "cookies", "fail", /it is not Secure;/, /pass Set-Cookie as it is/, cookies((line) => line.replace("; Secure", ""))],
  ["a cookie that lost HttpOnly and got a Domain", "cookies", "fail", /it is not HttpOnly, it has a Domain;/, /pass Set-Cookie as it is/, cookies((line) => line.replace("; HttpOnly", "; Domain=example.com"))],
  ["a cookie for another path, of another name, for all sites", "cookies", "fail", /its name does not begin with __Host-Http-, its Path is not \/, its SameSite is neither/, /pass Set-Cookie as it is/, cookies((line) => line.replace("__Host-Http-", "").replace("Path=/", "Path=/auth").replace("SameSite=Lax", "SameSite=None"))],
  ["no cookie at all", "cookies", "fail", /sets no cookie of ours/, /pass Set-Cookie as it is/, (_, answer) => { delete answer.headers["set-cookie"]; }],
  ["a policy that lets no Wasm run", "content security policy", "fail", /no Wasm/, /Add 'wasm-unsafe-eval' to script-src/, policy("script-src 'self'; connect-src 'self'")],
  ["a policy that lets the page ask nobody", "content security policy", "fail", /connect-src/, /Add 'self' to connect-src/, policy("default-src 'none'; script-src 'self' 'wasm-unsafe-eval'")],
  ["a policy that lets no SharedWorker run", "content security policy", "warn", /worker-src/, /Add worker-src 'self'/, policy("script-src 'self' 'wasm-unsafe-eval'; worker-src 'none'")],
  ["the page in the place of the Worker's paths", "paths", "fail", /^\/auth\/\*, \/api\/\*, \/internal\/\* are answered with the app's page/, /run_worker_first = \["\/auth\/\*",/, page(/everlit-doctor/)],
  ["the page in the place of the Worker's health", "worker", "fail", /healthz is answered with a page/, /run_worker_first = .*healthz/, page(/^\/healthz/)],
  ["something else that answers", "worker", "fail", /answers 404, and not as the Worker does/, /is the Worker deployed there/, (_, answer) => { Object.assign(answer, { status: 404, body: "no", headers: { "content-type": "text/plain" } }); }],
  ["a clock that is minutes behind", "clock of the Worker", "fail", /^1[12]\d s behind this machine's$/, /set by network time/, (_, answer) => {
    answer.headers.date = new Date(Date.now() - 120_000).toUTCString();
  }],
];

/** Writes each cookie anew. @param {(line: string) => string} anew */
function cookies(anew) {
  return (/** @type {string} */ _, /** @type {Passed} */ { headers }) => { if (headers["set-cookie"]) headers["set-cookie"] = headers["set-cookie"].map(anew); };
}

/** @param {string} text */
function policy(text) {
  return (/** @type {string} */ path, /** @type {Passed} */ answer) => { if (path === "/") answer.headers["content-security-policy"] = text; };
}

/** @param {RegExp} paths */
function page(paths) {
  return (/** @type {string} */ path, /** @type {Passed} */ answer) => {
    if (paths.test(path)) Object.assign(answer, { status: 200, body: "<!doctype html><title>App</title>", headers: { "content-type": "text/html" } });
  };
}

for (const [name, check, verdict, said, remedy, breaks] of BREAKS) {
  test(`${name}: said, and well again without it`, async () => {
    change = breaks;
    const broken = await look(front);
    change = () => {};
    const found = broken.bad.find((each) => each.name === check);
    assert.ok(found, `${check} is bad: ${JSON.stringify(broken.bad, null, 2)}`);
    assert.equal(found.verdict, verdict);
    assert.match(found.said, said);
    assert.match(found.remedy ?? "", remedy);
    assert.equal(broken.code, verdict === "fail" ? 1 : 0);
    const mended = await look(front);
    assert.deepEqual(mended.bad, []);
    assert.equal(mended.code, 0);
  });
}

test("each policy that a remedy makes is one that the doctor takes", async () => {
  for (const text of ["script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'", "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'"]) {
    change = policy(text);
    assert.deepEqual((await look(front)).bad, [], text);
  }
  change = () => {};
});

test("a page on a sibling host: the Worker has to name it, and the page's policy the Worker", async () => {
  const text = readFileSync(join(project, "wrangler.toml"), "utf8");
  const served = { policy: "" };
  const pages = createServer((_, res) => res.writeHead(200, { "content-type": "text/html", ...(served.policy && { "content-security-policy": served.policy }) }).end("<!doctype html><title>App</title>"));
  await new Promise((resolve) => pages.listen(0, "127.0.0.1", () => resolve(undefined)));
  try {
    const page = `http://localhost:${/** @type {import("node:net").AddressInfo} */ (pages.address()).port}`;
    const unknown = await look(page);
    assert.deepEqual([unknown.code, unknown.bad.map(({ name }) => name)], [1, ["app origins"]]);
    const [line = ""] = /APP_ORIGINS = \[.*?\]/.exec(unknown.bad[0]?.remedy ?? "") ?? [];
    assert.equal(line, `APP_ORIGINS = ["${page}"]`);
    await running.stop();
    edit("wrangler.toml", /^ORIGINS = .*/m, `${/^ORIGINS = .*/m.exec(text)?.[0]}\n${line}`);
    await deploy();
    assert.deepEqual((await look(page)).bad, []);
    assert.deepEqual((await look(front)).bad, [], "and so says the Worker's own address");
    change = (_, answer) => { for (const name of Object.keys(answer.headers)) if (name.startsWith("access-control-")) delete answer.headers[name]; };
    for (const asked of [page, front]) {
      const lost = await look(asked);
      assert.deepEqual(lost.bad.map(({ name }) => name), ["app origins"]);
      assert.match(lost.bad[0]?.remedy ?? "", /takes Access-Control-\* away/);
    }
    change = () => {};
    served.policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'";
    const [blocked] = (await look(page)).bad;
    assert.match(blocked?.said ?? "", /connect-src does not allow the Worker's origin/);
    const [, sources = ""] = /^Add (.+) to connect-src\.$/.exec(blocked?.remedy ?? "") ?? [];
    served.policy = served.policy.replace("connect-src 'self'", `connect-src 'self' ${sources}`);
    const [framed] = (await look(page)).bad;
    assert.equal(framed?.verdict, "warn");
    const [, frames = ""] = /^Add (\S+) to frame-src/.exec(framed?.remedy ?? "") ?? [];
    served.policy += `; frame-src ${frames}`;
    assert.deepEqual((await look(page)).bad, []);
  } finally {
    change = () => {};
    pages.close();
    await running.stop();
    writeFileSync(join(project, "wrangler.toml"), text);
    await deploy();
  }
});

test("an authorization server that cannot be reached: the login says so", async () => {
  const text = readFileSync(join(project, "wrangler.toml"), "utf8");
  await running.stop();
  edit("wrangler.toml", /issuer = ".*"/, 'issuer = "http://localhost:1"');
  await deploy();
  const { bad } = await look(front);
  assert.deepEqual(bad.map(({ name }) => name), ["login"]);
  assert.match(bad[0]?.said ?? "", /a login cannot begin: the Worker answers 50\d/);
  assert.match(bad[0]?.remedy ?? "", /http:\/\/localhost:\d+\/auth\/callback\/demo/);
  await running.stop();
  writeFileSync(join(project, "wrangler.toml"), text);
  await deploy();
  assert.deepEqual((await look(front)).bad, []);
});

test("a secret that is wrong: 503 names it, and the project's own doctor how to mend it", async () => {
  const good = /SECRET_SESSION_KEY=.*/.exec(readFileSync(join(project, ".dev.vars"), "utf8"))?.[0] ?? "";
  await running.stop();
  edit(".dev.vars", good, "SECRET_SESSION_KEY=short");
  await deploy();
  const { bad } = await look(app);
  assert.match(bad[0]?.said ?? "", /misconfigured: .*SECRET_SESSION_KEY/);
  assert.match(bad[0]?.remedy ?? "", /everlit doctor, in the project's folder/);
  const { out } = await everlitAsync(project, ["doctor"]);
  assert.match(out, /^fail {2}session key .*\n +→ Delete its line in \.dev\.vars; npx everlit init adds a fresh one\.$/m);
  await running.stop();
  edit(".dev.vars", "SECRET_SESSION_KEY=short\n", "");
  assert.equal((await everlitAsync(project, ["init"])).code, 0);
  await deploy();
  assert.deepEqual((await look(app)).bad, []);
});

test("an address where nothing listens, and one that is not https, are said to be so", async () => {
  const nobody = `http://localhost:${await freePort()}`;
  const { code, bad } = await look(nobody);
  assert.equal(code, 1);
  assert.match(bad[0]?.said ?? "", /cannot be reached: .*ECONNREFUSED/);
  const open = await look(`http://0.0.0.0:${frontPort}`);
  assert.match(open.bad[0]?.said ?? "", /is not https/);
  assert.equal(open.bad[0]?.remedy, `Ask https://0.0.0.0:${frontPort}; have http redirect there.`);
});
