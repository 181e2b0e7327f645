import { test } from "node:test";

import { unspent } from "./support/login.mjs";

test("an authorization response without iss is not believed, and its code not spent, where the provider says that it names itself", () =>
  unspent("the issuer did not name itself", { iss: undefined }, (as) => {
    as.metadata = { authorization_response_iss_parameter_supported: true };
  }));
