// Looks for secrets, known by their values, in everything that a page can see or keep.

/** @typedef {{ place: string, text: string }} Find */

/**
 * All that the page of a tab can see or keep right now, and what was written down of it since it was loaded.
 * @param {import("./tab.mjs").Tab} tab
 * @returns {Promise<Find[]>}
 */
export const gather = (tab) => tab.run(inPage);

/**
 * Which of the secrets are somewhere, each with its place; the secret itself is not repeated.
 * @param {Find[]} places
 * @param {Map<string, string>} secrets value to what it is
 */
export function search(places, secrets) {
  const found = new Set();
  for (const { place, text } of places) {
    for (const [secret, what] of secrets) if (text.includes(secret) || text.includes(encodeURIComponent(secret))) found.add(`${what} in ${place}`);
  }
  return [...found].sort();
}

/** Puts the word where a page could put it, each place a way of its own. @param {import("./tab.mjs").Tab} tab @param {string} word */
export const plant = (tab, word) => tab.run(plantInPage, word);

/** Sent to the page as text. */
async function inPage() {
  /** @type {{ place: string, text: string }[]} */
  const found = [];
  /** @param {string} place @param {unknown} value */
  const add = (place, value) => void found.push({ place, text: typeof value === "string" ? value : JSON.stringify(value) ?? String(value) });

  for (const { kind, text } of Reflect.get(globalThis, "recorder").seen) add(kind, text);
  for (const [place, storage] of /** @type {const} */ ([["localStorage", localStorage], ["sessionStorage", sessionStorage]])) {
    for (let i = 0; i < storage.length; i += 1) add(place, `${storage.key(i)} ${storage.getItem(storage.key(i) ?? "")}`);
  }
  add("cookie", document.cookie);
  add("window.name", window.name);
  add("location", location.href);
  add("referrer", document.referrer);
  add("history", history.state);
  const { navigation } = /** @type {any} */ (window);
  for (const { url } of navigation?.entries() ?? []) add("history", url);
  add("document", document.documentElement.outerHTML);
  for (const entry of performance.getEntries()) add("performance", entry.toJSON());

  /** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
  const done = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  for (const { name = "" } of (await indexedDB.databases?.()) ?? []) {
    add("indexedDB", name);
    const database = await done(indexedDB.open(name));
    for (const store of database.objectStoreNames) {
      const all = database.transaction(store).objectStore(store);
      add("indexedDB", [store, await done(all.getAllKeys()), await done(all.getAll())]);
    }
    database.close();
  }
  for (const name of "caches" in globalThis ? await caches.keys() : []) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      const response = await cache.match(request);
      add("caches", `${name} ${request.url} ${JSON.stringify([...(response?.headers ?? [])])} ${await response?.text()}`);
    }
  }

  // What can be reached from the page's global scope by plain property access: a token in a field would be a token in the page.
  const seen = new Set();
  /** @param {string} place @param {any} value @param {number} depth */
  const walk = (place, value, depth) => {
    if (typeof value === "string") add(place, value);
    if (value === null || (typeof value !== "object" && typeof value !== "function") || seen.has(value) || depth > 4) return;
    if (value instanceof Node || value === window || value === Reflect.get(window, "recorder")) return;
    seen.add(value);
    for (let owner = value; owner && owner !== Object.prototype && owner !== EventTarget.prototype && owner !== Function.prototype; owner = Object.getPrototypeOf(owner)) {
      for (const key of Reflect.ownKeys(owner)) {
        try {
          walk("session", value[key], depth + 1);
        } catch {
          // A getter that throws gives nothing away.
        }
      }
    }
  };
  walk("session", Reflect.get(window, "session"), 0);
  return found;
}

/** Sent to the page as text. @param {string} word */
async function plantInPage(word) {
  const { session, recorder } = /** @type {any} */ (window);
  localStorage.setItem("planted", word);
  sessionStorage.setItem("planted", word);
  window.name = word;
  history.replaceState({ word }, "");
  document.body.dataset.planted = word;
  performance.mark(word);
  console.warn("planted", { word });
  session.planted = { deep: [word] };
  session.dispatchEvent(new CustomEvent("planted", { detail: { word } }));
  const error = new Error("planted", { cause: new Error(word) });
  recorder.note("error", error);
  // As another tab would.
  const heard = recorder.seen.find((/** @type {{ kind: string }} */ { kind }) => kind === "channel").text;
  const before = recorder.seen.length;
  const channel = new BroadcastChannel(heard);
  channel.postMessage({ word });
  await new Promise((resolve) => {
    const look = () => (recorder.seen.slice(before).some((/** @type {{ kind: string }} */ { kind }) => kind.startsWith("channel ")) ? resolve(undefined) : setTimeout(look, 10));
    look();
  });
  channel.close();
  await new Promise((resolve, reject) => {
    const opening = indexedDB.open("planted", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("words").put({ word }, "key");
    opening.onsuccess = () => resolve(opening.result.close());
    opening.onerror = () => reject(opening.error);
  });
  if ("caches" in globalThis) await (await caches.open("planted")).put("/planted", new Response(word));
  return "caches" in globalThis;
}
