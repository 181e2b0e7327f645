/** As much of RFC 6265 as one host needs: names, paths, expiry. */

export class CookieJar {
  /** @type {Map<string, { name: string, value: string, path: string }>} */
  #cookies = new Map();

  /** @param {URL} url @param {Response} response */
  store(url, response) {
    for (const line of response.headers.getSetCookie()) {
      const [pair = "", ...rest] = line.split(/;\s*/);
      const attributes = new Map(rest.map((attribute) => {
        const [name = "", value = ""] = attribute.split("=", 2);
        return [name.toLowerCase(), value];
      }));
      const name = pair.slice(0, pair.indexOf("="));
      const path = attributes.get("path") ?? "/";
      const key = `${url.hostname} ${path} ${name}`;
      const expires = attributes.get("expires");
      if (expires !== undefined && Date.parse(expires) <= Date.now()) this.#cookies.delete(key);
      else this.#cookies.set(key, { name, value: pair.slice(name.length + 1), path });
    }
  }

  /** @param {URL} url @returns {string} */
  header(url) {
    const sent = [];
    for (const [key, { name, value, path }] of this.#cookies) {
      const within = url.pathname === path || url.pathname.startsWith(path.endsWith("/") ? path : `${path}/`);
      if (key.startsWith(`${url.hostname} `) && within) sent.push(`${name}=${value}`);
    }
    return sent.join("; ");
  }
}
