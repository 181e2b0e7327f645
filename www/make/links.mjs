// Whether every link inside the documentation leads somewhere, to its anchor.

/** What is served beside it. */
const OTHERS = ["/", "/favicon.svg"];

/** @param {ReadonlyMap<string, string>} pages by their addresses @returns {string[]} what is wrong */
export function checkLinks(pages) {
  const anchors = new Map([...pages].map(([address, html]) => [address, new Set([...html.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id))]));
  return [...pages].flatMap(([address, html]) =>
    [...html.matchAll(/\shref="([^"]+)"/g)].flatMap(([, href = ""]) => {
      if (/^(https:|mailto:|\/assets\/)/.test(href) || OTHERS.includes(href)) return [];
      const [path = "", anchor] = href.split("#");
      const known = anchors.get(path || address);
      if (!known) return [`${address}: ${href} is no page`];
      return anchor && !known.has(anchor) ? [`${address}: ${href} is no anchor there`] : [];
    }),
  );
}
