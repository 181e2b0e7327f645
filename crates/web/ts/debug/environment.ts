/** What of a browser matters to a session, without what tells one person's from another's. */
export interface Environment {
  /** The engine and its major version, such as `Chromium 150`. Nothing where the browser does not say. */
  readonly engine?: string;
  /** The system, such as `Linux`. */
  readonly system?: string;
  /** Whether the page is in a secure context, looked at, online by the browser's own word, and in a frame. */
  readonly secure: boolean;
  readonly visible: boolean;
  readonly online: boolean;
  readonly framed: boolean;
  /** What the session can use. */
  readonly has: { readonly locks: boolean; readonly channels: boolean; readonly sharedWorkers: boolean; readonly sockets: boolean; readonly storage: boolean };
}

const ENGINES = [/(Firefox)\/(\d+)/, /(Chrom)(?:e|ium)\/(\d+)/, /Version\/(\d+).* (Safari)\//] as const;
const SYSTEMS = ["Android", "iPhone", "iPad", "Windows", "Mac OS", "CrOS", "Linux"];

export function environment(): Environment {
  const { userAgent = "", onLine = true, locks } = (globalThis.navigator ?? {}) as Partial<Navigator>;
  const [gecko, chromium, webkit] = ENGINES.map((pattern) => pattern.exec(userAgent));
  const engine = gecko ? `Gecko ${gecko[2]}` : chromium ? `Chromium ${chromium[2]}` : webkit ? `WebKit ${webkit[1]}` : undefined;
  const system = SYSTEMS.find((each) => userAgent.includes(each));
  const is = (name: string) => typeof (globalThis as Record<string, unknown>)[name] === "function";
  return {
    ...(engine && { engine }),
    ...(system && { system }),
    secure: !!globalThis.isSecureContext,
    visible: globalThis.document?.visibilityState === "visible",
    online: onLine,
    framed: globalThis.top !== globalThis.self,
    has: { locks: !!locks, channels: is("BroadcastChannel"), sharedWorkers: is("SharedWorker"), sockets: is("WebSocket"), storage: hasStorage() },
  };
}

function hasStorage() {
  try {
    return !!globalThis.localStorage;
  } catch {
    return false;
  }
}
