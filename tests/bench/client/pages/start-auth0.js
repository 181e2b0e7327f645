import { Auth0Client } from "@auth0/auth0-spa-js";

const client = new Auth0Client({ domain: bench.issuer.slice(0, -1), clientId: "auth0", cacheLocation: "memory", authorizationParams: { redirect_uri: location.origin } });
await client.checkSession();
const user = await client.getUser();
if (user?.sub !== "ada") throw new Error(`nobody is logged in: ${JSON.stringify(user)}`);
bench.done({ took: bench.took() });
