import assert from "node:assert/strict";
import { connect } from "node:net";
import { describe, test } from "node:test";

import { listen } from "./listener.mjs";
import { startServers } from "./servers.mjs";
import { App, CLIENT_SECRET } from "./support/app.mjs";
import { start } from "./support/process.mjs";

const ENV = { CLIENT_SECRET };

describe("main.mjs", { timeout: 60_000 }, () => {
  test("says where everything is in one line, serves a whole session, and has nothing to complain about", async (t) => {
    const { child, output, ended, ready } = start(t, ["--access-ttl", "33"], ENV);
    const line = await ready();
    assert.deepEqual(Object.keys(line), ["ready", "issuer", "resource", "control"]);
    assert.equal(line.ready, true);
    for (const name of ["issuer", "resource", "control"]) assert.match(line[name], /^http:\/\/127\.0\.0\.1:\d+$/);

    const app = await App.discover(line.issuer);
    const { tokens } = await app.logIn();
    assert.equal(tokens.expires_in, 33);
    const next = (await app.refresh(tokens.refresh_token)).body;
    const orders = await fetch(`${line.resource}/orders`, { headers: { authorization: `Bearer ${next.access_token}` } });
    assert.equal(orders.status, 200);
    await app.revoke(next.refresh_token);
    const counters = await (await fetch(`${line.control}/counters`)).json();
    assert.equal(counters.refresh_grants, 1);

    child.stdin.end();
    assert.deepEqual(await ended, { code: 0, signal: null });
    assert.equal(output.stdout.trimEnd().split("\n").length, 1, "one line on stdout");
    assert.equal(output.stderr, "");
  });

  test("logs why a token request was refused, without the token", async (t) => {
    const { output, ended, ready, child } = start(t, [], ENV);
    const app = await App.discover((await ready()).issuer);
    await app.refresh("garbage-that-must-not-be-logged");
    child.kill("SIGTERM");
    await ended;
    assert.match(output.stderr, /token request refused: invalid_grant \(refresh token not found\)/);
    assert.doesNotMatch(output.stderr, /garbage-that/);
  });

  for (const signal of /** @type {const} */ (["SIGTERM", "SIGINT"])) {
    test(`ends cleanly on ${signal}, also with a request half sent`, async (t) => {
      const { child, ended, ready } = start(t, [], ENV);
      const { issuer } = await ready();
      await (await fetch(`${issuer}/jwks`)).text();
      const socket = connect(Number(new URL(issuer).port), "127.0.0.1");
      socket.on("error", () => {});
      t.after(() => socket.destroy());
      await new Promise((written) => socket.write("POST /token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\n\r\nhalf", written));
      await (await fetch(`${issuer}/jwks`)).text();
      child.kill(signal);
      assert.deepEqual(await ended, { code: 0, signal: null });
      await assert.rejects(fetch(`${issuer}/jwks`));
    });
  }

  test("a taken port is one clear line and exit 1", async (t) => {
    const taken = await listen(0, { what: "test", flag: "-" });
    t.after(() => taken.close());
    for (const flag of ["--port", "--resource-port", "--control-port"]) {
      const { output, ended } = start(t, [flag, String(taken.port)], ENV);
      assert.deepEqual(await ended, { code: 1, signal: null });
      assert.equal(output.stdout, "");
      assert.match(output.stderr, new RegExp(`^Port ${taken.port} on 127\\.0\\.0\\.1 is taken.*${flag}[ ,].*\\n$`));
    }
  });

  test("wrong flags are one clear line and exit 2", async (t) => {
    for (const [args, message] of /** @type {[string[], RegExp][]} */ ([
      [["--nonsense"], /--nonsense/],
      [["extra"], /extra/],
      [["--port", "70000"], /--port .* 65535/],
      [["--access-ttl", "0"], /--access-ttl .* from 1/],
      [["--access-ttl", "1e3"], /--access-ttl/],
      [["--redirect-uri", "nowhere"], /--redirect-uri/],
      [["--redirect-uri", "http://localhost/#x"], /--redirect-uri/],
      [["--client-id", ""], /--client-id/],
    ])) {
      const { output, ended } = start(t, args, ENV);
      assert.deepEqual(await ended, { code: 2, signal: null }, args.join(" "));
      assert.match(output.stderr, message);
      assert.equal(output.stderr.split("\n").length, 2, "one line");
    }
  });

  test("a missing CLIENT_SECRET is named", async (t) => {
    const { output, ended } = start(t, []);
    assert.equal((await ended).code, 2);
    assert.match(output.stderr, /CLIENT_SECRET/);
  });

  test("--help says it all and needs nothing", async (t) => {
    const { output, ended } = start(t, ["--help"]);
    assert.equal((await ended).code, 0);
    for (const flag of ["--port", "--resource-port", "--control-port", "--access-ttl", "--client-id", "--redirect-uri", "CLIENT_SECRET"]) {
      assert.ok(output.stdout.includes(flag), flag);
    }
  });

  test("--client-id and --redirect-uri are what the server goes by", async (t) => {
    const { ready } = start(t, ["--client-id", "other app", "--redirect-uri", "http://localhost:1/a", "--redirect-uri", "https://localhost:2/b"], ENV);
    const app = await App.discover((await ready()).issuer);
    app.clientId = "other app";
    for (const redirect of ["http://localhost:1/a", "https://localhost:2/b"]) {
      const { status } = await fetch(app.authorizationRequest({ redirect_uri: redirect }).url, { redirect: "manual" });
      assert.equal(status, 303, redirect);
    }
    const { status } = await fetch(app.authorizationRequest({ redirect_uri: "http://localhost:1/other" }).url, { redirect: "manual" });
    assert.equal(status, 400);
  });
});

describe("startServers", { timeout: 30_000 }, () => {
  test("starts all or none", async (t) => {
    const taken = await listen(0, { what: "test", flag: "-" });
    t.after(() => taken.close());
    const free = await listen(0, { what: "test", flag: "-" });
    await free.close();
    await assert.rejects(startServers({ clientSecret: CLIENT_SECRET, port: free.port, controlPort: taken.port }), /is taken/);
    const again = await listen(free.port, { what: "test", flag: "-" });
    await again.close();
  });

  test("close can be called twice", async () => {
    const servers = await startServers({ clientSecret: CLIENT_SECRET });
    await servers.close();
    await servers.close();
    await assert.rejects(fetch(servers.issuer));
  });
});
