/** Requests as a browser sends them, in full: the load generator sends them as they are. */

const BROWSER = {
  "user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
  accept: "*/*",
  "accept-language": "en-US,en;q=0.9",
  "sec-fetch-site": "same-origin",
  "sec-fetch-mode": "cors",
  "sec-fetch-dest": "empty",
  "everlit-version": "1",
};

/** @typedef {{ cookie: string, epoch: number, generation: number }} Held what a tab of a session holds */

/** @param {number} port @param {string} method @param {string} path @param {Record<string, string>} headers @param {string} [body] */
function request(port, method, path, headers, body = "") {
  const all = { host: `localhost:${port}`, ...BROWSER, ...headers, ...(body && { "content-length": String(Buffer.byteLength(body)) }) };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return `${method} ${path} HTTP/1.1\r\n${lines}\r\n${body}`;
}

/** A question for the token. @param {number} port @param {Held} held */
export const askToken = (port, { cookie, epoch, generation }) =>
  request(
    port, "POST", "/auth/token", { origin: `http://localhost:${port}`, cookie, "content-type": "application/json" },
    JSON.stringify({ v: 1, epoch, generation, reason: "deadline" }),
  );

/** A call through the proxy. @param {number} port @param {Held} held */
export const callOrders = (port, { cookie, epoch }) => request(port, "GET", "/api/orders", { cookie, "everlit-epoch": String(epoch) });

/** A program's question for the token of a service. It is no browser. @param {number} port @param {string} service @param {string} key */
export const askService = (port, service, key) =>
  `POST /service/${service}/token HTTP/1.1\r\nhost: localhost:${port}\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}`;

/** A question that is answered with nothing. @param {number} port */
export const askNothing = (port) => request(port, "GET", "/", {});
