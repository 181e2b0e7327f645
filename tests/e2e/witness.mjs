// Watches a tab's session from inside the page, so that a state that came and went between two looks is not missed.

/** States in which a session is lost to the person. */
const LOST = ["logged-out", "ended", "reauth-required"];

/** Begins to record in the current tab, whose session is open. @param {import("./webdriver.mjs").Browser} browser */
export async function watch(browser) {
  await browser.run(() => {
    /** @type {EventTarget & { state: string }} */
    const session = Reflect.get(globalThis, "session");
    const states = [session.state];
    Object.assign(globalThis, { everlitWitness: states });
    // Every transition is an event of its own, also those that replace each other before the page can show them.
    session.addEventListener("statechange", (event) => {
      states.push(/** @type {CustomEvent<{ to: string }>} */ (event).detail.to);
    });
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
