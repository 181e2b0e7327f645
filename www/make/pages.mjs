// Which pages there are, in the order of the navigation. A name is the source's in docs/, and the address below /docs/.

/** @typedef {{ title: string, pages: readonly string[] }} Group */

/** @type {readonly Group[]} */
export const GROUPS = [
  { title: "Begin", pages: ["index", "start", "concepts"] },
  { title: "How to", pages: ["react", "frameworks", "mediating", "human", "elements", "providers", "supabase", "services", "idle", "offline", "testing", "csp", "deploy", "operate", "troubleshoot"] },
  { title: "Coming from", pages: ["from-oidc-client-ts", "from-auth0-spa-js", "from-your-own", "from-a-manager"] },
  { title: "Reference", pages: ["api", "api-react", "api-human", "api-elements", "api-service", "api-testing", "api-debug", "api-vite", "configuration", "errors"] },
];

export const NAMES = GROUPS.flatMap(({ pages }) => pages);

/** Where a page is served. @param {string} name */
export const addressOf = (name) => (name === "index" ? "/docs/" : `/docs/${name}/`);
