// Times as people read them.

const SECOND = 1_000;
export const HOUR = 3_600 * SECOND;

/** Rounded up, so that what is over is never said to be left. */
const secondsOf = (ms: number) => Math.max(0, Math.ceil(ms / SECOND));

/** A length of time: `5 h 12 min`, `42 min`, `50 s`. */
export function left(ms: number): string {
  const seconds = secondsOf(ms);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  if (hours > 47) return `${Math.floor(hours / 24)} d`;
  return [hours && `${hours} h`, rest && `${rest} min`].filter(Boolean).join(" ");
}

/** A countdown: `4:07`, or `23:58:54`. */
export function countdown(ms: number): string {
  const seconds = secondsOf(ms);
  const hours = Math.floor(seconds / 3_600);
  // As of a time of day, without what is zero at its beginning.
  const rest = new Date(seconds * SECOND).toISOString().slice(14, 19);
  return hours ? `${hours}:${rest}` : rest.replace(/^0/, "");
}

/** Whose clocks a moment is said by. */
export interface Place {
  /** The reader's language: a BCP 47 tag. Nothing for that of the browser. */
  readonly locale?: string;
  /** The reader's time zone: an IANA name. Nothing for that of the system. */
  readonly ours?: string;
  /** The provider's. Nothing where it is not known. */
  readonly theirs?: string;
}

/** By the system's language and clock where a page names none that there is. */
function shown(at: number, now: number, locale?: string, timeZone?: string, more?: Intl.DateTimeFormatOptions): string {
  try {
    return new Intl.DateTimeFormat(locale, {
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
      timeZone,
      // Of a time of day within a day everybody knows which one is meant.
      ...(Math.abs(at - now) > 22 * HOUR && { weekday: "short" }),
      ...more,
    }).format(at);
  } catch (error) {
    if (!locale && !timeZone) throw error;
    return shown(at, now);
  }
}

/** A moment by the reader's clock, and by the provider's where that shows another time: `22:00 (03:30 India Time)`. */
export function moment(at: number, now: number, { locale, ours: zone, theirs }: Place): string {
  const ours = shown(at, now, locale, zone);
  if (!theirs || shown(at, now, locale, theirs) === ours) return ours;
  return `${ours} (${shown(at, now, locale, theirs, { timeZoneName: "shortGeneric" })})`;
}

/** Where a provider has its days, of those that Everlit knows. */
export const zoneOf = (provider: string | undefined): string | undefined => (/^(upstox|breeze|kite)$/.test(provider ?? "") ? "Asia/Kolkata" : undefined);
