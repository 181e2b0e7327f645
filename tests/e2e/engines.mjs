// The three browser engines, as data: which driver speaks for each, how it is started, what a new session asks for.

import { accessSync, constants, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { delimiter, join } from "node:path";

/** @typedef {"chromium" | "firefox" | "webkit"} EngineName */

/**
 * @typedef {object} Engine
 * @property {EngineName} name
 * @property {string[]} drivers names the driver's program may have
 * @property {boolean} needsDisplay whether its browser has no headless mode of its own
 * @property {(port: number) => string[]} driverArguments
 * @property {(profile: string) => Record<string, unknown>} capabilities `alwaysMatch` of a new session
 */

const asRoot = process.getuid?.() === 0;

/** @type {Record<EngineName, Engine>} */
export const engines = {
  chromium: {
    name: "chromium",
    drivers: ["chromedriver"],
    needsDisplay: false,
    driverArguments: (port) => [`--port=${port}`],
    capabilities: (profile) => ({
      acceptInsecureCerts: true,
      "goog:chromeOptions": {
        args: [
          "--headless=new",
          `--user-data-dir=${profile}`,
          "--window-size=1280,900",
          "--no-first-run",
          "--disable-background-networking",
          "--disable-component-update",
          "--disable-sync",
          "--disable-quic",
          "--disable-gpu",
          // Containers often have a tiny /dev/shm, on which tabs crash.
          "--disable-dev-shm-usage",
          ...(asRoot ? ["--no-sandbox"] : []),
        ],
      },
    }),
  },
  firefox: {
    name: "firefox",
    drivers: ["geckodriver"],
    needsDisplay: false,
    driverArguments: (port) => ["--host", "127.0.0.1", "--port", String(port)],
    // geckodriver makes a fresh profile for each session and removes it.
    capabilities: () => ({
      acceptInsecureCerts: true,
      "moz:firefoxOptions": {
        args: ["-headless"],
        prefs: { "app.update.enabled": false, "datareporting.policy.dataSubmissionEnabled": false },
      },
    }),
  },
  webkit: {
    name: "webkit",
    drivers: ["WebKitWebDriver"],
    needsDisplay: true,
    driverArguments: (port) => ["--host=127.0.0.1", `--port=${port}`],
    // `--automation` gives the browser a session without a store on disk: always fresh.
    capabilities: () => ({
      browserName: "MiniBrowser",
      acceptInsecureCerts: true,
      "webkitgtk:browserOptions": { binary: miniBrowser() ?? "MiniBrowser", args: ["--automation"] },
    }),
  },
};

/**
 * @param {string | undefined} name
 * @returns {Engine}
 */
export function engineNamed(name) {
  const engine = Object.values(engines).find((each) => each.name === name);
  if (!engine) throw new Error(`unknown engine "${name}": expected one of ${Object.keys(engines).join(", ")}`);
  return engine;
}

/**
 * Where an engine's driver is: on PATH, or in the cache folder where `cargo xtask` installs tools.
 * @param {Engine} engine
 * @returns {string | undefined}
 */
export function driverProgram(engine) {
  const folders = [...(process.env.PATH ?? "").split(delimiter).filter(Boolean), ...cachedToolFolders(engine.drivers)];
  return firstExecutable(folders, engine.drivers);
}

/** WebKitGTK's small browser, which distributions keep outside PATH. */
export function miniBrowser() {
  const roots = ["/usr/lib", "/usr/libexec", "/usr/lib64"];
  const folders = roots.flatMap((root) => [root, ...subfolders(root)]).flatMap((folder) => [
    join(folder, "webkit2gtk-4.1"),
    join(folder, "webkitgtk-6.0"),
    join(folder, "webkit2gtk-4.0"),
  ]);
  return firstExecutable(folders, ["MiniBrowser"]);
}

/** A profile folder that nobody used before, and how to remove it. */
export function freshProfile() {
  const folder = mkdtempSync(join(tmpdir(), "everlit-e2e-"));
  return {
    folder,
    // A browser that is just going away may still write: try again, and never fail a test for a leftover.
    remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }),
  };
}

/** @param {string[]} tools */
function cachedToolFolders(tools) {
  const cache = process.env.EVERLIT_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "everlit");
  return subfolders(join(cache, "tools"))
    .filter((folder) => tools.some((tool) => folder.includes(`/${tool}-`)))
    .sort()
    .reverse()
    .map((folder) => join(folder, "bin"));
}

/** @param {string} folder */
function subfolders(folder) {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(folder, entry.name));
  } catch {
    return [];
  }
}

/**
 * @param {string[]} folders
 * @param {string[]} names
 */
function firstExecutable(folders, names) {
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
