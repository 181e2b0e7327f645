import type { ReauthNeed } from "../types.js";

/** What the Worker's status says of a service. */
export interface Status extends Omit<ReauthNeed, "vault"> {
  /** Whether there is a token. */
  readonly valid: boolean;
  /** When it ends. */
  readonly endsAt?: number;
  /** Whether the next one comes by itself. */
  readonly renews: boolean;
  /** How many seconds ahead people are told. */
  readonly warnAt: readonly number[];
}

/** What `GET /service/{name}/status` says, as far as it is used here. It is our own Worker's. */
interface Body {
  readonly valid: boolean;
  readonly provider: string;
  readonly title?: string;
  readonly expires_at?: number | null;
  readonly login_from?: number | null;
  readonly push_until?: number | null;
  readonly need?: { readonly since: number } | null;
  readonly warn_at?: readonly number[];
  readonly how?: ReauthNeed["how"];
  readonly who?: ReauthNeed["who"];
  readonly login_url?: string | null;
  readonly automatic?: { readonly possible?: boolean };
  readonly server_time?: number;
}

/** The same without what is not there. */
export const known = <T extends object>(members: object): T => Object.fromEntries(Object.entries(members).filter(([, value]) => value != null)) as T;

/** Reads it, if it is one. */
export function statusOf(body: unknown): Status | undefined {
  const { valid, provider, title, how, who, need, login_url: loginUrl, login_from: loginFrom, push_until: deadline, expires_at: endsAt, warn_at: warnAt = [], automatic, server_time: serverTime } = Object(body) as Body;
  if (typeof valid !== "boolean") return undefined;
  return known<Status>({ valid, provider, providerTitle: title, how, who, since: need?.since, loginUrl, loginFrom, deadline, endsAt, warnAt, renews: !!automatic?.possible, serverTime });
}
