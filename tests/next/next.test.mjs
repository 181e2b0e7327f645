// Next.js: a client component of the app router, built by Turbopack and exported as files. A tier of its own: it is large to install.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { play } from "../packaging/support/journey.mjs";
import { Stand } from "../packaging/support/stand.mjs";
import { serve } from "../packaging/support/static.mjs";
import { pack, project } from "../packaging/support/tarball.mjs";

const NEXT = "16.4.6";
const REACT = "19.3.1";
/** Each of the two takes a minute on a small machine. */
const MINUTES_4 = 240_000;

/** @type {Stand} */ let stand;
const folder = project("next", {
  "package.json": JSON.stringify({
    name: "next-app", private: true,
    dependencies: { everlit: `file:${pack().tarball}`, next: NEXT, react: REACT, "react-dom": REACT },
    // Nothing here is an image: what would make them smaller is not installed.
    overrides: { sharp: "file:./no-sharp" },
  }),
  "no-sharp/package.json": JSON.stringify({ name: "sharp", version: "0.35.5" }),
  // Above it are the lock file and the packages of this repository, which are no part of the app.
  "next.config.mjs": "export default { output: \"export\", turbopack: { root: import.meta.dirname } };",
  "app/layout.js": `export default function Layout({ children }) {
  return <html lang="en"><head><link rel="icon" href="data:," /><script src="/lab/recorder.js" /></head><body>{children}</body></html>;
}`,
  "app/page.js": `import { Session } from "./session.js";
export default function Page() {
  return <Session />;
}`,
  "app/session.js": `"use client";
import { SessionProvider, useSession, useSessionState } from "everlit/react";

function State() {
  const state = useSessionState();
  // Where the journey finds it.
  globalThis.session = useSession();
  return <p data-testid="state">{state}</p>;
}

export const Session = () => <SessionProvider options={{ silent: ["frame"] }}><State /></SessionProvider>;`,
});

/** Runs a program of the project's. @param {string} program @param {string[]} words */
async function run(program, ...words) {
  const environment = { ...process.env, NEXT_TELEMETRY_DISABLED: "1", CI: "1", NODE_ENV: undefined, npm_config_audit: "false", npm_config_fund: "false" };
  const { stdout, stderr } = await promisify(execFile)(program, words, { cwd: folder, env: environment, timeout: MINUTES_4 });
  return stdout + stderr;
}

before(async () => {
  // What is there is what other bundlers are given; here npm itself installs it.
  rmSync(join(folder, "node_modules"), { recursive: true });
  await run("npm", "install", "--prefer-offline", "--no-package-lock");
}, { timeout: MINUTES_4 });
after(() => stand?.close());

test("next build takes the package without a word, and renders the page on the server as one whose session is not known yet", { timeout: MINUTES_4 }, async () => {
  const said = await run(process.execPath, "node_modules/next/dist/bin/next", "build");
  assert.doesNotMatch(said, /warn|error/i);
  assert.match(readFileSync(join(folder, "out/index.html"), "utf8"), /<p data-testid="state">resuming<\/p>/);
});

test("a session opens from the client component", { timeout: 120_000 }, async () => {
  stand = await Stand.open(serve(join(folder, "out")));
  await play(stand);
});
