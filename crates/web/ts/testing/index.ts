export { createTestSession } from "./session.js";
export type { Duration } from "./duration.js";
export type { TestAnswer, TestCall, TestRequest, TestSession, TestSessionOptions, TestTab, TestUpstream } from "./types.js";
