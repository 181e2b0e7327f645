import { test } from "node:test";

import { unspent } from "./support/login.mjs";

for (const names of [true, false]) {
  test(`an authorization response of another iss is not believed, and its code not spent, where the provider ${names ? "says" : "does not say"} that it names itself`, () =>
    unspent("the response is another issuer's", { iss: "https://another.example" }, (as) => {
      as.metadata = { authorization_response_iss_parameter_supported: names };
    }));
}
