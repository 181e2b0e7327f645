import type { ReauthNeed } from "./types.js";

/** An object of the Worker's, or of somebody else who speaks as it does. */
export type Said = { readonly [member: string]: unknown };

/** What the members of a `ReauthNeed` are, but for those with words of their own. */
const TEXTS = /^(provider(_title)?|detail|who)$/;
const MOMENTS = /^(since|login_from|deadline|server_time)$/;
const WAYS = /^(popup|redirect|paste|approval)$/;

/** Whether it is the name of a vault. */
export const isVault = (value: unknown): value is string => typeof value === "string" && /^(login|(linked|service):[\w.-]+)$/.test(value);

/** What is said of what a person has to do: each member that is as it should be, and none that is not. */
export function needOf(said: Said): Omit<ReauthNeed, "vault"> {
  const fits = (name: string, value: unknown) =>
    typeof value === "string"
      ? // A login begins at the Worker, and nowhere else.
        TEXTS.test(name) || (name === "login_url" && /^\/(service\/\w+|auth)\/login(\?|$)/.test(value))
      : typeof value === "number" && MOMENTS.test(name);
  const camel = (name: string) => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
  const { how } = said;
  return {
    ...Object.fromEntries(Object.entries(said).flatMap(([name, value]) => (fits(name, value) ? [[camel(name), value]] : []))),
    // Ways that a newer Worker may know are none here.
    ...(Array.isArray(how) && { how: how.filter((way) => WAYS.test(way)) }),
  };
}
