/* What the runtime calls: the Wasm module, by the same way as in the real Worker. */

import { fetch } from "everlit:wasm";

export default { fetch };
