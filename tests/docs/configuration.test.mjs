// What a page says to put into wrangler.toml is what the Worker's own check takes.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parse, stringify } from "smol-toml";
import { blocks } from "./support/blocks.mjs";

const TARGET = fileURLToPath(new URL("../../target/", import.meta.url));
mkdirSync(TARGET, { recursive: true });
const folder = mkdtempSync(join(TARGET, "docs-toml-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const xtask = process.env.EVERLIT_XTASK ?? "";
const template = readFileSync(new URL("../../crates/web/templates/wrangler.toml", import.meta.url), "utf8")
  .replace(/__WATCH__/, '["src"]')
  .replace(/\[vars\.PROVIDER___KEY__\][^]*$/, "")
  .replace(/__ORIGIN__/, "http://localhost:8787")
  .replace(/__[A-Z_]+__/g, "app");
/** What the services Worker's lines go into. */
const services = readFileSync(new URL("../../worker/services/wrangler.toml", import.meta.url), "utf8");
/** Where a page says nothing of a provider. */
const PROVIDER = { kind: "oidc", issuer: "https://login.example.com", client_id: "my-app", scopes: ["openid", "offline_access", "chat:read", "chat:write"] };

/** @param {any} whole @param {any} part */
function merge(whole, part) {
  for (const [name, value] of Object.entries(part)) {
    if (typeof value === "object" && !Array.isArray(value) && name in whole) merge(whole[name], value);
    else whole[name] = value;
  }
  return whole;
}

/** What the check says of a template with these lines in it. @param {string} code @param {string} name */
async function check(code, name) {
  assert.ok(xtask, "EVERLIT_XTASK names the command: cargo xtask test docs");
  const isOfServices = /^\[vars\.(SERVICE|CALLER|ALERT|SECRETS)_/m.test(code);
  const config = merge(/** @type {any} */ (parse(isOfServices ? services : template)), parse(code));
  if (!isOfServices && !Object.keys(config.vars).some((variable) => variable.startsWith("PROVIDER_"))) config.vars.PROVIDER_LOGIN = PROVIDER;
  const file = join(folder, `${name}.toml`);
  writeFileSync(file, stringify(config));
  const { stdout } = await promisify(execFile)(xtask, ["config", "check", "--json", "--file", file]).catch((failed) => failed);
  return JSON.parse(stdout);
}

describe("the check takes the lines of", () => {
  for (const { page, line, code } of blocks().filter(({ language }) => language === "toml")) {
    test(`${page}, line ${line}`, async () => assert.deepEqual((await check(code, `${page}-${line}`)).errors, []));
  }
});

test("and would say what is wrong with them", async () => {
  const { ok, errors } = await check('[vars.UPSTREAM_ORDERS]\norigin = "api.example.com"\n', "wrong");
  assert.equal(ok, false);
  assert.equal(errors[0].name, "UPSTREAM_ORDERS.origin");
  assert.equal((await check('[vars.CALLER_REPORTS]\nservices = ["nowhere"]\n', "wrong-too")).errors[0].name, "CALLER_REPORTS.services");
});
