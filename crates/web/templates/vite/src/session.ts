import { openSession } from "everlit";

/** One session for the whole page. */
export const session = await openSession();
