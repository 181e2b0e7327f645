/** A tab of somebody who is logged in: the session as a page has it, with Node's clock and timers, and the requests of a {@link Person} in its network. */

import { inside, machine } from "../../node/inside.mjs";

const { createSession } = inside.tab;

/** @typedef {import("./people.mjs").Person} Person */
/** @typedef {{ method: string, path: string }} Sent */

/**
 * Opens it, and says in `sent` what it sends, in order. There is one in a process: it takes the place of `fetch` at the app.
 *
 * @param {Person} person
 */
export async function openTab(person) {
  const sent = /** @type {Sent[]} */ ([]);
  const { fetch } = globalThis;
  globalThis.fetch = async (input, init = {}) => {
    const { method = "GET", headers, body, signal } = init;
    const url = new URL(input instanceof Request ? input.url : input, person.app);
    // Whoever signs in at the broker does so in this process, too.
    if (url.origin !== person.app) return fetch(input, init);
    const path = url.pathname + url.search;
    sent.push({ method, path });
    const payload = body instanceof Blob ? await body.text() : /** @type {string | undefined} */ (body ?? undefined);
    const answer = await person.call(path, { method, body: payload, headers: Object.fromEntries(/** @type {any} */ (new Headers(headers))), ...(signal && { signal }) });
    const shown = Object.entries(answer.headers).flatMap(([name, value]) => (typeof value === "string" ? [/** @type {[string, string]} */ ([name, value])] : []));
    return new Response(/^(204|304)$/.test(String(answer.status)) ? null : answer.text, { status: answer.status, headers: shown });
  };
  const nothing = () => {};
  const closed = { open: nothing, close: nothing, tell: nothing };
  const session = createSession(machine(), { events: false }, {
    clock: () => ({ wall: Date.now(), mono: performance.now(), entropy: Math.random() * 2 ** 32 }),
    timer: inside.timer.createTimer,
    ask: inside.transport.ask,
    lock: (/** @type {AbortSignal} */ _, /** @type {() => Promise<unknown>} */ work) => work(),
    channel: () => closed,
    socket: () => closed,
    life: nothing,
    activity: nothing,
    soon: setImmediate,
    relog: nothing,
    operation: inside.operation.nameOperation,
    page: { base: () => `${person.app}/`, here: () => `${person.app}/`, hidden: () => false, leave: nothing },
  });
  await new Promise((resolve) => session.addEventListener("statechange", resolve, { once: true }));
  return { session, people: inside.reauthIndex.reauth(session), sent };
}
