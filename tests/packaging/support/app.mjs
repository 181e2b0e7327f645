// The app that every bundler is given: it opens a session and leaves it where a test finds it.

/**
 * @param {{ from?: string, wasm?: string, extra?: string, baseUrl?: string }} [how] `from`: which entry; `wasm`: a line that makes `wasm` the module's address;
 * `baseUrl`: where the Worker is, if on a host of its own
 */
export const app = ({ from = "everlit", wasm = "", extra = "", baseUrl = "" } = {}) => `${wasm}
import { isSessionError, openSession } from ${JSON.stringify(from)};
openSession({ silent: ["frame"]${wasm && ", wasm"}${baseUrl && `, baseUrl: ${JSON.stringify(baseUrl)}`} }).then(
  (session) => {
    const show = () => { document.querySelector("[data-testid=state]").textContent = session.state; };
    session.addEventListener("statechange", show);
    globalThis.session = session;
    show();
  },
  (error) => console.error("the session did not open", isSessionError(error) && error.code, error, error.cause),
);
${extra}`;

/** Its page; what the lab's recorder writes down is what any script of the page could see. @param {string} script */
export const page = (script) => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Packaging</title>
    <link rel="icon" href="data:,">
    <script src="/lab/recorder.js"></script>
    ${script}
  </head>
  <body>
    <p data-testid="state">opening</p>
  </body>
</html>
`;

/** @param {string} src */
export const moduleScript = (src) => `<script type="module" src="${src}"></script>`;
