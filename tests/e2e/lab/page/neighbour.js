// Everything that a page of somebody else can send to the app, with the cookies that the browser adds. Each attack says what
// it could read of the answer; what the Worker made of it is for the test to see.

const QUESTION = JSON.stringify({ v: 1, reason: "forced" });

/** WebKitGTK's MiniBrowser takes commands in a window that is opened, and none after a tab. */
const SIZE = "width=480,height=640";

/** What a script learns of an answer: its text where it may read it. */
async function tried(url, init) {
  try {
    const response = await fetch(url, { credentials: "include", ...init });
    return response.type === "opaque" || response.type === "opaqueredirect" ? "" : await response.text();
  } catch {
    return "";
  }
}

/** Of a frame that may not be shown browsers say nothing, or that it was loaded. */
const GIVEN_UP_MS = 1_000;

/** Waits until a tag has loaded its address, or has given up. */
function loaded(tag, attributes, begin = () => {}) {
  return new Promise((resolve) => {
    const element = Object.assign(document.createElement(tag), attributes);
    element.onload = element.onerror = () => resolve(element);
    setTimeout(() => resolve(element), GIVEN_UP_MS);
    document.documentElement.append(element);
    begin(element);
  });
}

globalThis.attacks = {
  /** A simple request, which needs nobody's leave. */
  plain: (url, method) =>
    tried(url, { mode: "no-cors", method, ...(method === "POST" && { body: QUESTION, headers: { "content-type": "text/plain" } }) }),

  /** One that the app's own script might make: the browser asks for leave first. */
  asked: (url, method) =>
    tried(url, { mode: "cors", method, headers: { "everlit-version": "1", "content-type": "application/json" }, ...(method !== "GET" && { body: QUESTION }) }),

  /** The same without a header of its own. */
  read: (url, method) => tried(url, { mode: "cors", method }),

  /** The same as nobody (`Origin: null`): from a frame that is in a sandbox. */
  nobody: (url, method) =>
    new Promise((resolve) => {
      const init = JSON.stringify({ mode: "no-cors", credentials: "include", method, ...(method === "POST" && { body: QUESTION }) });
      const asked = JSON.stringify({ mode: "cors", credentials: "include", method, headers: { "everlit-version": "1" } });
      addEventListener("message", ({ data }) => resolve(data), { once: true });
      const script = `const read = (init) => fetch(${JSON.stringify(url)}, init).then((answer) => answer.text(), () => "");
        Promise.all([read(${init}), read(${asked})]).then((texts) => parent.postMessage(texts.join(""), "*"));`;
      const frame = Object.assign(document.createElement("iframe"), { srcdoc: `<script>${script}</script>` });
      frame.setAttribute("sandbox", "allow-scripts");
      document.documentElement.append(frame);
    }),

  /** At the next click: a window that shows the app's own page, and is then led on from here. */
  window(url, app) {
    document.onclick = async () => {
      const opened = open(app, "theirs", SIZE);
      // Until it is shown, it is still a page of this origin's.
      for (let own = true; own; await new Promise((resolve) => setTimeout(resolve, 20))) {
        try {
          own = Boolean(opened.document);
        } catch {
          own = false;
        }
      }
      opened.location = url;
    };
    return "";
  },

  /** At the next click: a link to there, in a window of its own, which says as much of where it is as it can. */
  link(url) {
    document.onclick = () => {
      open("", "another", SIZE);
      Object.assign(document.createElement("a"), { href: url, target: "another", referrerPolicy: "unsafe-url" }).click();
    };
    return "";
  },

  /** A form, into a frame of this page. */
  async form(url, method) {
    const name = `frame${Math.random()}`;
    const form = Object.assign(document.createElement("form"), { action: url, method, enctype: "text/plain", target: name });
    // As text this is JSON: a name, an equals sign and a value.
    form.append(Object.assign(document.createElement("input"), { name: QUESTION.replace("}", ',"tab_state":"'), value: '"}' }));
    document.documentElement.append(form);
    return readable(await loaded("iframe", { name }, () => form.submit()));
  },

  /** Something that the page shows or runs. */
  image: async (url) => String((await loaded("img", { src: url })).naturalWidth || ""),
  script: async (url) => {
    const before = Object.keys(globalThis).length;
    await loaded("script", { src: url });
    return Object.keys(globalThis).length > before ? "it ran" : "";
  },
  frame: async (url) => readable(await loaded("iframe", { src: url })),

  /** Sent while nobody waits for it. */
  beacon: async (url) => {
    navigator.sendBeacon(url, QUESTION);
    return "";
  },

  /** A socket. What it is told. */
  socket: (url) =>
    new Promise((resolve) => {
      const socket = new WebSocket(url.replace("http", "ws"));
      socket.onmessage = ({ data }) => resolve(String(data));
      socket.onopen = () => resolve("open");
      socket.onerror = socket.onclose = () => resolve("");
    }),
};

/** What can be seen of a page of another origin in a frame. */
function readable(frame) {
  try {
    const { body, location } = frame.contentDocument.defaultView.document;
    return location.href === "about:blank" ? "" : body.textContent;
  } catch {
    return "";
  }
}
