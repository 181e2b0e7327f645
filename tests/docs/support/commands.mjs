// Each command that a page shows, and what runs it: the test by its file and a part of its name, or `here` with what is run in its place.

/** @type {readonly { command: RegExp, test?: readonly [file: string, name: string], here?: readonly string[] }[]} */
export const COMMANDS = [
  { command: /^npx everlit init my-app --template (vite|plain|react)$/, test: ["tests/cli/init.test.mjs", "a new folder gets the template ${template}"] },
  { command: /^cd my-app$/, test: ["tests/cli/first-minutes.test.mjs", "from an empty folder to a login"] },
  { command: /^npm install$/, test: ["tests/cli/first-minutes.test.mjs", "from an empty folder to a login"] },
  // Both of its halves, each time that the package is tested.
  { command: /^cargo xtask build && \(cd crates\/web && npm pack --pack-destination \.\.\/\.\.\)$/, test: ["tests/packaging/support/tarball.mjs", '"pack", "--json", "--silent", "--pack-destination"'] },
  { command: /^npx --yes --package \.\/everlit-\d+\.\d+\.\d+\.tgz everlit init my-app --template vite$/, test: ["tests/cli/first-minutes.test.mjs", 'npx(tarball, ["init", "first"], folder)'] },
  { command: /^npx everlit dev$/, test: ["tests/cli/first-minutes.test.mjs", "from an empty folder to a login"] },
  { command: /^npx everlit doctor$/, test: ["tests/cli/doctor.test.mjs", "the project that is to be broken has nothing wrong with it"] },
  { command: /^npx everlit doctor https:\/\/\S+( --json)?$/, test: ["tests/cli/deployment.test.mjs", "the deployment that is to be broken has nothing wrong with it"] },
  { command: /^cargo xtask service import \.env --service breeze --to https:\/\/\S+ --dry-run$/, test: ["tests/callers/import.test.mjs", "dry, hands nothing in and needs no key"] },
  { command: /^cargo xtask service import \.env --service breeze --to https:\/\/\S+$/, test: ["tests/callers/import.test.mjs", "hands in what an environment file holds"] },
  { command: /^cargo xtask service status broker --to https:\/\/\S+$/, test: ["tests/callers/import.test.mjs", "cargo xtask service status tells how it stands"] },
  { command: /^cargo xtask service login breeze --to https:\/\/\S+$/, test: ["tests/callers/import.test.mjs", "cargo xtask service login prints the address"] },
  { command: /^EVERLIT_URL=\S+ EVERLIT_SERVICE=broker EVERLIT_KEY_FILE=\S+ \.\/token\.sh$/, test: ["tests/callers/examples.test.mjs", "prints the token, with the key in no argument"] },
  // What is started is the reader's own.
  { command: /^UPSTOX_ACCESS_TOKEN=\$\(\.\/token\.sh\) \.\/start-trading$/, test: ["tests/callers/examples.test.mjs", "prints the token, with the key in no argument"] },
  // Nothing is deployed from a test; that a new project's Worker can be is tested.
  { command: /^npx wrangler deploy$/, test: ["tests/cli/init.test.mjs", "and its Worker can be deployed"] },
  // These speak to a deployment: that there are such commands is what can be seen here.
  { command: /^npx wrangler secret put SECRET_[A-Z_]+$/, here: ["wrangler", "secret", "put", "--help"] },
  { command: /^npx wrangler tail --format pretty$/, here: ["wrangler", "tail", "--help"] },
  { command: /^node -p "crypto\.randomBytes\(32\)\.toString\('base64url'\)" \| npx wrangler secret put SECRET_SESSION_KEY(_2)?$/, here: ["node", "-p", "crypto.randomBytes(32).toString('base64url')"] },
];
