// `everlit doctor`: what is wrong, and how to mend it.

import { apps } from "./checks/apps.js";
import { authorizationServer } from "./checks/authorization-server.js";
import { fail, unchecked, type Check, type Verdict } from "./checks/check.js";
import { deployment } from "./checks/deployment.js";
import { grace } from "./checks/grace.js";
import { installation } from "./checks/installation.js";
import { origins } from "./checks/origins.js";
import { secrets } from "./checks/secrets.js";
import { wrangler } from "./checks/wrangler.js";
import { readOptions } from "./options.js";
import { Problem } from "./problem.js";
import { readProject, type Project } from "./project.js";
import { providersOf } from "./provider.js";

/** What a line begins with, where that is not the verdict's own name. */
const MARKS: Partial<Record<Verdict, string>> = { unchecked: "–" };

export async function doctor(words: string[]): Promise<number> {
  const given = readOptions("doctor", words, { offline: "switch", json: "switch", env: "text" }, 1);
  const [url] = given.rest;
  const origin = url === undefined ? undefined : originOf(url);
  const checks = origin === undefined ? await local(given.on("offline"), given.text.env) : await deployment(origin, projectIfReadable(given.text.env));
  const count = (wanted: Verdict) => checks.filter(({ verdict }) => verdict === wanted).length;
  const failed = count("fail");
  if (given.on("json")) console.log(JSON.stringify({ ok: failed === 0, checks }));
  else {
    const width = Math.max(...checks.map(({ name }) => name.length));
    for (const { verdict, name, said, remedy } of checks) {
      console.log(`${(MARKS[verdict] ?? verdict).padEnd(4)}  ${name.padEnd(width)}  ${said}`);
      if (remedy) console.log(`${" ".repeat(width + 8)}→ ${remedy}`);
    }
    const words = { ok: "ok", unchecked: "not checked", warn: "to look at", fail: "wrong" } as const;
    const parts = (Object.keys(words) as Verdict[]).filter((each) => each === "ok" || count(each)).map((each) => `${count(each)} ${words[each]}`);
    console.log(`\n${parts.join(", ")}`);
  }
  return failed ? 1 : 0;
}

function originOf(text: string): string {
  const guess = /^[a-z]+:\/\//i.test(text) ? text : `https://${text}`;
  const url = URL.canParse(guess) ? new URL(guess) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) throw new Problem(`everlit doctor wants the address of an app, such as https://app.example.com, and was given ${JSON.stringify(text)}`);
  return url.origin;
}

/** The project in this folder, read on behalf of a deployment: a file that is broken is not what is asked about. */
function projectIfReadable(env: string | undefined): Project {
  try {
    return readProject(undefined, env);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { folder: process.cwd(), manifest: undefined, wrangler: undefined, vars: {}, devVars: undefined };
  }
}

async function local(offline: boolean, env: string | undefined): Promise<Check[]> {
  let project: Project;
  try {
    project = readProject(undefined, env);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return [fail("project", error.message, error.remedy ?? "Mend that file.")];
  }
  const file = project.wrangler;
  if (!project.manifest && !file) return [fail("project", `${project.folder} has neither package.json nor wrangler.toml`, "Change into the project's folder; npx everlit init makes a new one.")];
  const checks = installation(project);
  if (!file) return [...checks, fail("wrangler file", "there is no wrangler.toml", "npx everlit init writes one, and overwrites nothing.")];
  checks.push(...wrangler(project, file), origins(project), ...apps(project), ...secrets(project));
  const providers = providersOf(project.vars);
  if (!providers.length) checks.push(fail("providers", `${file.name} has none`, `[vars.PROVIDER_DEMO] in ${file.name}: npx everlit init, in an empty folder, shows what belongs there.`));
  for (const provider of providers) {
    checks.push(grace(provider, file.name));
    if (offline) checks.push(unchecked(`discovery of ${provider.name}`, "no authorization server is asked with --offline"));
    else checks.push(...(await authorizationServer(project, provider, undefined)));
  }
  return checks;
}
