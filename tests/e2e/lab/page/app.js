// The smallest app: it opens the session, or two of two copies of the package, and shows the state.

const wanted = new URLSearchParams(location.search);
const options = JSON.parse(wanted.get("options") ?? "{}");
const { note } = globalThis.recorder;

try {
  const { openSession } = await import("/package/everlit.js");
  const session = (globalThis.session = await openSession(options));
  const show = () => (document.querySelector("[data-testid=state]").textContent = session.state);
  session.addEventListener("statechange", show);
  if (wanted.has("veto")) session.addEventListener("beforerelogin", (event) => event.preventDefault());
  if (wanted.has("twice")) {
    const copy = await import("/copy/everlit.js");
    globalThis.session2 = await copy.openSession(options);
  }
  show();
} catch (error) {
  note("opening failed", error);
  document.querySelector("[data-testid=state]").textContent = "broken";
}
