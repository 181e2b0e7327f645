// Alerts as the Worker sends them: Standard Webhooks, signed with HMAC-SHA256.

import type { Service, ServiceAlert } from "./types.js";
import { type Body, camel } from "./wire.js";

/** An alert is small, and anybody can send something. */
const BODY_MAX = 65_536;
const TOLERANCE_S = 300;
/** Each is sent again for a day at most, until it is taken. */
const KNOWN_MAX = 1_000;
const TYPE = /^everlit\.service\.(\w+)$/;

type Listener = (alert: ServiceAlert) => unknown;

const answer = (status: number, text: string) => new Response(text, { status });

/** The body's bytes; nothing where there are too many. */
async function bytesOf(request: Request): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const reader = request.body?.getReader();
  const parts: number[] = [];
  for (;;) {
    const { value } = (await reader?.read()) ?? {};
    if (!value) return Uint8Array.from(parts);
    if (parts.length + value.length > BODY_MAX) return void reader?.cancel().catch(() => {});
    for (const byte of value) parts.push(byte);
  }
}

/** Whether one of the keys made one of the signatures. WebCrypto compares in constant time. */
async function isSigned(keys: readonly Uint8Array<ArrayBuffer>[], header: string, signed: Uint8Array<ArrayBuffer>): Promise<boolean> {
  const signatures = header.split(" ").flatMap((each) => {
    const [, base64] = /^v1,([\w+/]{43}=)$/.exec(each) ?? [];
    return base64 ? [Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))] : [];
  });
  for (const raw of keys) {
    const key = await crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
    // A sender that renews its key signs with both; nobody signs with ten.
    for (const signature of signatures.slice(0, 4)) if (await crypto.subtle.verify("HMAC", key, signature, signed)) return true;
  }
  return false;
}

export function receiver(keys: readonly Uint8Array<ArrayBuffer>[], seen: Listener): Pick<Service, "onAlert" | "handleAlert"> {
  const listeners = new Set<{ readonly listener: Listener }>();
  /** What became of an alert, by its id: the same comes again when its answer was lost. */
  const known = new Map<string, Promise<unknown>>();

  async function deliver(id: string, sent: Body) {
    const data = camel(sent.data) as Body;
    const alert = { ...data, id } as unknown as ServiceAlert;
    seen(alert);
    await Promise.all([...listeners].map(async ({ listener }) => listener(alert)));
  }

  return {
    onAlert(listener) {
      const own = { listener };
      listeners.add(own);
      return () => void listeners.delete(own);
    },

    async handleAlert(request) {
      if (!keys.length) return answer(503, "openService({ signingKey }) is missing: nothing can be told from a forgery");
      if (request.method !== "POST") return answer(405, "an alert is posted");
      const [id, time, signature] = ["id", "timestamp", "signature"].map((name) => request.headers.get(`webhook-${name}`) ?? "") as [string, string, string];
      const body = await bytesOf(request).catch(() => undefined);
      if (!body) return answer(413, "no alert is so long");
      const head = new TextEncoder().encode(`${id}.${time}.`);
      const signed = new Uint8Array(head.length + body.length);
      signed.set(head);
      signed.set(body, head.length);
      // A dot in it would let one signature stand for another id, time and body.
      if (!/^[^.\s]{1,256}$/.test(id) || !/^\d{1,12}$/.test(time) || !(await isSigned(keys, signature, signed))) return answer(401, "the signature is wrong");
      // Signed or not, an old one may be a copy.
      if (Math.abs(Date.now() / 1000 - Number(time)) > TOLERANCE_S) return answer(401, "the time is too far from here");
      let sent: Body = {};
      try {
        sent = JSON.parse(new TextDecoder().decode(body)) as Body;
      } catch {
        // Said below.
      }
      if (Object(sent?.data) !== sent?.data || !TYPE.test(`${sent.type}`)) return answer(400, "this is no alert of a service");
      let taken = known.get(id);
      if (!taken) {
        known.set(id, (taken = deliver(id, sent)));
        // The oldest is forgotten.
        if (known.size > KNOWN_MAX) known.delete(known.keys().next().value!);
      }
      try {
        await taken;
        return new Response(null, { status: 204 });
      } catch {
        // It is sent again, and told again.
        known.delete(id);
        return answer(500, "a listener failed");
      }
    },
  };
}
