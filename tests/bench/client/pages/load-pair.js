import { QueryClient } from "@tanstack/query-core";
import { InMemoryWebStorage, UserManager, WebStorageStateStore } from "oidc-client-ts";

const inMemory = () => new WebStorageStateStore({ store: new InMemoryWebStorage() });
const uri = `${location.origin}/silent.html`;
const manager = new UserManager({ authority: bench.issuer, metadata: bench.metadata, client_id: "oidc", redirect_uri: uri, userStore: inMemory(), stateStore: inMemory() });
const client = new QueryClient();
client.mount();
bench.done({ took: bench.took(), kept: [manager, client].length });
