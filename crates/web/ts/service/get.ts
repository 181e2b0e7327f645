import type { ServiceSession, ServiceSessionOptions } from "./types.js";

/** With `news`, that only a person can go on is said as it is now: the question waits until it may be asked. */
export type Get = (options?: ServiceSessionOptions, news?: boolean) => Promise<ServiceSession>;
