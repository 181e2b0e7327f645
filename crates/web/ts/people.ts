// What `everlit` also tells of, where a person or another source has to help: types only, and apart, because their names would change what the script weighs.

export type { FallbackReason, FallbackSource, FallbackWhy, SourceChange } from "./fallback/types.js";
export type { ReauthWay } from "./reauth/types.js";
export type { ReauthAsk, ReauthEvent, ReauthNeed } from "./types.js";
