// An app of people: the elements with what they show and ask in an app, a session of real Workers.

import "/package/elements/auto/index.js";
import { openSession } from "/package/everlit.js";

const session = await openSession();
for (const element of document.querySelectorAll("everlit-banner, everlit-badge, everlit-reauth")) element.session = session;

globalThis.app = {
  session,
  /** What became of each call: a status, or a code where it was rejected. Nothing while it is under way. */
  ends: [],
  /** Begins a call, as a click in an app does. */
  call(path, { json, ...init } = {}) {
    const at = this.ends.push(null) - 1;
    const more = json && { body: JSON.stringify(json), headers: { "content-type": "application/json" } };
    session.fetch(path, { ...init, ...more }).then(
      (response) => (this.ends[at] = response.status),
      (error) => (this.ends[at] = error.code ?? error.name),
    );
  },
};
document.documentElement.dataset.ready = session.state;
