// Authorization servers that are known by their issuer, and the name that `grace` has for each.

const KNOWN: readonly [RegExp, string][] = [
  [/\.auth0\.com$/, "auth0"],
  [/^cognito-idp\..*\.amazonaws\.com$/, "cognito"],
  [/^login\.microsoftonline\.(com|us)$|\.ciamlogin\.com$/, "entra"],
  [/^accounts\.google\.com$/, "google"],
  [/\.(okta|oktapreview|okta-emea)\.com$/, "okta"],
  [/\.supabase\.co$/, "supabase"],
  [/^api\.workos\.com$|\.authkit\.app$/, "workos"],
];

/** The name of the server at this issuer, if the issuer gives it away. */
export function knownServer(issuer: string): string | undefined {
  if (!URL.canParse(issuer)) return undefined;
  const { hostname, pathname } = new URL(issuer);
  if (/\/realms\/[^/]+\/?$/.test(pathname)) return "keycloak";
  return KNOWN.find(([host]) => host.test(hostname))?.[1];
}
