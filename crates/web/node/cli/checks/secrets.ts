// The secrets of this machine. Their values are in no line of a check.

import { spawnSync } from "node:child_process";
import { DEV_VARS } from "../dev-vars.js";
import { textOf } from "../files.js";
import type { Project } from "../project.js";
import { credentialOf, isLocal, providersOf } from "../provider.js";
import { fail, ok, warn, type Check } from "./check.js";
import { join } from "node:path";

const KEY = "SECRET_SESSION_KEY";

export function secrets(project: Project): Check[] {
  const { vars, devVars, wrangler } = project;
  const checks: Check[] = [];
  const open = Object.keys(vars).filter((name) => name.startsWith("SECRET_"));
  if (open.length) {
    const move = open.map((name) => `npx wrangler secret put ${name}`).join(", ");
    checks.push(fail("secrets", `${open.join(", ")} lies in ${wrangler?.name}, which everybody reads`, `Take it out of [vars], make a new value where it is made, and put that into ${DEV_VARS} and the deployment (${move}).`));
  }
  const key = devVars?.get(KEY);
  if (!key) checks.push(fail("session key", `${KEY} is not set in ${DEV_VARS}`, "npx everlit init adds a fresh one, and changes nothing that is there."));
  else if (!isKey(key)) checks.push(fail("session key", `${KEY} in ${DEV_VARS} is not 32 bytes in base64url (it has ${key.length} characters instead of 43)`, `Delete its line in ${DEV_VARS}; npx everlit init adds a fresh one.`));
  else checks.push(ok("session key", `set in ${DEV_VARS}`));
  for (const provider of providersOf(vars)) {
    const name = credentialOf(provider);
    if (devVars?.get(name)) checks.push(ok(`secret of ${provider.name}`, `set in ${DEV_VARS}`));
    else if (isLocal(provider.issuer)) checks.push(fail(`secret of ${provider.name}`, `${name} is not set in ${DEV_VARS}`, "npx everlit init adds one, and changes nothing that is there."));
    else checks.push(fail(`secret of ${provider.name}`, `${name} is not set in ${DEV_VARS}`, `Add a line ${name}=<value> to ${DEV_VARS}, with what ${provider.issuer || "the authorization server"} gave you for ${provider.clientId || "this client"}; for a deployment: npx wrangler secret put ${name}`));
  }
  checks.push(ignored(project));
  return checks;
}

/** 32 bytes, and no bit beyond them. */
const isKey = (text: string): boolean => /^[\w-]{43}$/.test(text) && Buffer.from(text, "base64url").toString("base64url") === text;

function ignored({ folder, devVars }: Project): Check {
  const name = "secrets and git";
  if (!devVars) return ok(name, `there is no ${DEV_VARS}`);
  const git = (...words: string[]) => spawnSync("git", words, { cwd: folder, stdio: "ignore" }).status;
  if (git("rev-parse", "--is-inside-work-tree") === 0) {
    if (git("ls-files", "--error-unmatch", DEV_VARS) === 0) return fail(name, `git keeps ${DEV_VARS}`, `git rm --cached ${DEV_VARS}, and add a line ${DEV_VARS} to .gitignore. Whoever has the repository has the secrets: make new ones.`);
    if (git("check-ignore", "-q", DEV_VARS) === 0) return ok(name, `git ignores ${DEV_VARS}`);
  } else if ((textOf(join(folder, ".gitignore")) ?? "").split(/\r?\n/).some((line) => line.trim().replace(/^\//, "") === DEV_VARS)) return ok(name, `.gitignore has ${DEV_VARS}`);
  return warn(name, `git would take ${DEV_VARS} in`, `Add a line ${DEV_VARS} to .gitignore.`);
}
