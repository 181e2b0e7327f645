// Looks for tokens wherever a script that got into the page could: whatever it finds, the script would have.

/**
 * Places in the page that hold something like a token, each as `place: beginning…`; empty is good.
 * @param {import("./webdriver.mjs").Browser} browser
 * @returns {Promise<string[]>}
 */
export async function secretsWithin(browser) {
  const found = await browser.run(gather);
  return found.filter(({ text }) => SECRET.test(text)).map(({ place, text }) => `${place}: ${text.match(SECRET)?.[0].slice(0, 24)}…`);
}

/**
 * A JWT, the JSON names of tokens, an authorization response's code, or a run of base64url as long as an opaque token of
 * the embedded authorization server (43 characters); a file's hash in an address is shorter.
 */
const SECRET = /eyJ[\w-]{8,}\.|(?:access|refresh|id)_token"|[?&]code=|(?<![\w/-])[\w-]{40,}(?![\w-])/;

/** Sent to the page as text: sees nothing of this file. */
async function gather() {
  /** @type {{ place: string, text: string }[]} */
  const found = [];
  /** @param {string} place @param {unknown} value */
  const add = (place, value) => found.push({ place, text: String(value) });

  for (const [place, storage] of /** @type {const} */ ([["localStorage", localStorage], ["sessionStorage", sessionStorage]])) {
    for (let i = 0; i < storage.length; i += 1) {
      const key = storage.key(i) ?? "";
      add(`${place}.${key}`, `${key} ${storage.getItem(key)}`);
    }
  }
  add("document.cookie", document.cookie);
  add("window.name", window.name);
  add("location", location.href);
  add("document.referrer", document.referrer);
  add("history.state", JSON.stringify(history.state));
  add("document", document.documentElement.outerHTML);
  for (const { name } of performance.getEntries()) add("performance entry", name);
  for (const { name } of (await indexedDB.databases?.()) ?? []) add("indexedDB", name);
  for (const name of "caches" in globalThis ? await caches.keys() : []) add("caches", name);

  // The open session is on the page under its name: everything that can be reached from it by plain property access.
  const seen = new Set();
  /** @param {string} place @param {any} value @param {number} depth */
  const walk = (place, value, depth) => {
    if (typeof value === "string") add(place, value);
    if (value === null || typeof value !== "object" || seen.has(value) || depth > 4 || value instanceof Node) return;
    seen.add(value);
    for (const key of Reflect.ownKeys(value)) {
      try {
        walk(`${place}.${String(key)}`, value[key], depth + 1);
      } catch {
        // A getter that throws gives nothing away.
      }
    }
  };
  walk("session", Reflect.get(globalThis, "session"), 0);

  // Answers of the Worker that a script could ask for again.
  for (const path of ["/auth/session", "/api/orders"]) {
    const response = await fetch(path, { headers: { "everlit-version": "1" } });
    add(path, `${JSON.stringify([...response.headers])} ${await response.text()}`);
  }
  return found;
}
