import { test } from "node:test";

import { accepted } from "./support/login.mjs";

test("a provider that does everything right is logged in to", () => accepted());
