import { test } from "node:test";

import { accepted } from "./support/login.mjs";

test("an aud that is a list of us alone is taken", () => accepted((as) => { as.claims = { aud: [as.clientId] }; }));
