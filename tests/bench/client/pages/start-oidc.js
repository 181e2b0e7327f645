import { InMemoryWebStorage, UserManager, WebStorageStateStore } from "oidc-client-ts";

const inMemory = () => new WebStorageStateStore({ store: new InMemoryWebStorage() });
const uri = `${location.origin}/silent.html`;
const manager = new UserManager({
  authority: bench.issuer, metadata: bench.metadata, client_id: "oidc", redirect_uri: uri, silent_redirect_uri: uri,
  scope: "openid profile email", userStore: inMemory(), stateStore: inMemory(),
});
const user = await manager.signinSilent();
if (user?.profile.sub !== "ada") throw new Error("nobody is logged in");
bench.done({ took: bench.took() });
