// Watches a tab's session from inside the page, so that a state that came and went between two looks is not missed.

/** States in which a session is lost to the person. */
const LOST = ["logged-out", "ended", "reauth-required"];

/** Begins to record in the current tab. @param {import("./webdriver.mjs").Browser} browser */
export async function watch(browser) {
  await browser.run(() => {
    const root = document.documentElement;
    /** @type {string[]} */
    const states = [root.dataset.session ?? "unknown"];
    Object.assign(globalThis, { everlitWitness: states });
    // The page mirrors every state there; `oldValue` keeps also those that were replaced within one turn.
    new MutationObserver((records) => {
      for (const { oldValue } of records) if (oldValue !== states.at(-1)) states.push(oldValue ?? "unknown");
      const now = root.dataset.session ?? "unknown";
      if (now !== states.at(-1)) states.push(now);
    }).observe(root, { attributes: true, attributeFilter: ["data-session"], attributeOldValue: true });
  });
}

/**
 * What the current tab went through since `watch`.
 * @param {import("./webdriver.mjs").Browser} browser
 * @returns {Promise<{ states: string[], lost: string | undefined }>} `lost` names what went wrong, if anything did
 */
export async function testimony(browser) {
  const states = await browser.run(() => /** @type {string[] | null} */ (Reflect.get(globalThis, "everlitWitness") ?? null));
  if (!states) return { states: [], lost: "the page was loaded anew" };
  const bad = states.find((state) => LOST.includes(state));
  return { states, lost: bad && `the session was ${bad}` };
}
