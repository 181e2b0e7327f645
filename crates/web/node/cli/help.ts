// What the command says of itself.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PACKAGE } from "./package-folder.js";

export const HELP = {
  everlit: `everlit keeps a web app's session alive and truthful.

  everlit init [folder]     writes what a project needs: wrangler.toml, its secrets for this machine, the client call
  everlit dev               starts a demo authorization server and the Worker with your app; prints one address
  everlit doctor [url]      says what is wrong with a project, or with a deployment, and how to mend it

  everlit <command> --help  what it takes
  everlit --version`,

  init: `everlit init [folder] [options]

Writes wrangler.toml, .dev.vars (secrets, for this machine only), the client call and package.json's scripts, into a project
that is there or into a new folder. It overwrites nothing: where a file is there already, it says what belongs in it.

  --template <name>    plain (no bundler), vite or react; left out, what is there decides, and plain where nothing is
  --issuer <url>       your authorization server; left out, the demo server of \`everlit dev\`
  --client-id <id>     your client there; left out, everlit-demo
  --name <app>         the Worker's name; left out, that of package.json or of the folder
  --force              replaces wrangler.toml and the client call; what was there is kept beside, as <file>.before-everlit
  --json               prints what was done as one JSON object`,

  dev: `everlit dev [options]

Starts \`wrangler dev\` of this project and, unless its provider is a server of your own, a demo authorization server that takes any
name. Both listen on this machine only and need no network and no account. Ctrl-C ends both.

  --port <port>         of the app; left out, that of ORIGINS in wrangler.toml
  --origin <origin>     where the page is seen, if a server of its own hands on to the Worker: http://localhost:5173 for
                        Vite with everlit/vite
  --issuer-port <port>  of the demo authorization server; left out, that of the provider's issuer
  --demo                the demo authorization server in the place of your own
  --verbose             the Worker's log lines as well`,

  doctor: `everlit doctor [url] [options]

Says what is wrong and how to mend it, a line for each check. Without a url it reads the project in this folder; with one it asks the
deployment there, and compares it with the project if there is one. It changes nothing. Exit code 1 if a check fails; a line
that begins with – is of something that could not be looked at.

  --env <name> reads [env.<name>] of the wrangler file, as wrangler does
  --offline    asks no authorization server
  --json       prints the checks as one JSON object`,
};

/** The version of this package. */
export function versionOf(): string {
  return (JSON.parse(readFileSync(join(PACKAGE, "package.json"), "utf8")) as { version: string }).version;
}
