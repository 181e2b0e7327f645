/* The services Worker and its objects, as the runtime calls them. */

import { handler } from "../entry/object.js";

export default handler;
