import { define as defineBadge } from "./badge/index.js";
import { define as defineBanner } from "./banner/index.js";
import { define as defineReauth } from "./reauth/index.js";
import { define as defineSource } from "./source/index.js";

export { type BadgeTexts, EverlitBadge } from "./badge/index.js";
export { type BannerTexts, EverlitBanner } from "./banner/index.js";
export { EverlitReauth, type ReauthTexts } from "./reauth/index.js";
export { EverlitSource, type SourceTexts } from "./source/index.js";

/** Defines all four elements. Where they are defined, and where there is no document, nothing happens. */
export function define(): void {
  defineReauth();
  defineBadge();
  defineBanner();
  defineSource();
}
