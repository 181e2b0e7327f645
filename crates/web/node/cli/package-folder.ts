import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of this package: every chunk of the command lies in dist/cli. */
export const PACKAGE = join(dirname(fileURLToPath(import.meta.url)), "../..");
