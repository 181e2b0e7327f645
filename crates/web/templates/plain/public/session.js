import { openSession } from "./everlit/everlit.js";

/** One session for the whole page. */
export const session = await openSession();
