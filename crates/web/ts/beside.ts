// A chunk of its own, loaded where the Worker is on a sibling host of the page's (`baseUrl`): all that goes to it goes there, and leads back
// to this page's origin.

import type { Page } from "./page.js";
import type { Platform } from "./platform.js";

/** By a link, which says of which origin it is, whatever the page's own policy for referrers: the Worker asks who leads a browser to it. */
const follow: NonNullable<Page["steer"]> = (href, target = "") =>
  Object.assign(document.createElement("a"), { href, target, referrerPolicy: "origin" }).click();

/** The same platform, with a Worker at another origin. */
export function beside({ ask, page, socket, ...rest }: Platform, baseUrl: string | URL, steer = follow): Platform {
  const edge = new URL(baseUrl).origin;
  const here = new URL(page.base()).origin;
  /** Where the page is to come back to is a path in there, and the Worker has others. */
  const there = (path: string) => edge + path.replace("return_to=", `$&${encodeURIComponent(here)}`);
  return {
    ...rest,
    ask(path, signal, body, method) {
      const whole = () => {
        const said = body!() as { return_to?: string };
        return said.return_to ? { ...said, return_to: here + said.return_to } : said;
      };
      return ask(edge + path, signal, body && whole, method);
    },
    page: { ...page, leave: (path) => steer(there(path)), there, steer },
    socket: (heard) => socket(heard, edge),
  };
}
