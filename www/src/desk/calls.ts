/** Every call of this page to the broker: made by `session.fetch`, and kept in a list, so that somebody can count what became of each. */

import { type Session, isSessionError } from "everlit";
import { sourceOf } from "everlit/fallback";

/** What became of a call. Kept: the broker had no answer, and what it said last does instead. Cancelled is what a person did, here or in the dialog. */
export type Outcome = "pending" | "completed" | "kept" | "cancelled" | "failed";

export interface Call {
  /** Also its `X-Request-Id`, by which the other side counts it. */
  readonly id: string;
  /** What it is for. */
  readonly what: string;
  outcome: Outcome;
  /** Why it was not completed. */
  why?: string;
}

/** More than this nobody reads. Those that are pending are kept. */
const KEPT = 2_000;

/** A sentence for the person at the desk. */
export class DeskError extends Error {}

export interface Request {
  readonly what: string;
  readonly path: string;
  readonly method?: "GET" | "POST";
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Whether what the broker said last does where it has no answer. Of reads only. */
  readonly keeps?: boolean;
  /** Takes what counts out of an answer, and throws where that says no. */
  readonly read?: (answer: unknown) => unknown;
}

export class Calls {
  /** The oldest first. */
  list: Call[] = [];

  /** The answers that are kept, by path and body. */
  #last = new Map<string, string>();

  constructor(readonly session: Session) {}

  /** How many wait for an answer just now. */
  get pending(): number {
    return this.list.filter(({ outcome }) => outcome === "pending").length;
  }

  async json(request: Request): Promise<unknown> {
    const call: Call = { id: crypto.randomUUID(), what: request.what, outcome: "pending" };
    this.list.push(call);
    if (this.list.length > KEPT) this.list = this.list.filter(({ outcome }, n) => outcome === "pending" || n > KEPT / 2);
    try {
      const { answer, isKept } = await this.#send(call.id, request);
      const read = request.read ? request.read(answer) : answer;
      call.outcome = isKept ? "kept" : "completed";
      return read;
    } catch (error) {
      call.outcome = isCancelled(error) ? "cancelled" : "failed";
      call.why = error instanceof Error ? error.message : String(error);
      throw error;
    }
  }

  async #send(id: string, { path, method = "GET", body, headers, signal, keeps = false }: Request): Promise<{ answer: unknown; isKept: boolean }> {
    const text = body && JSON.stringify(body);
    const question = `${path} ${text ?? ""}`;
    const response = await this.session.fetch(path, {
      method,
      signal,
      headers: { accept: "application/json", "x-request-id": id, ...(body && { "content-type": "application/json" }), ...headers },
      ...(text && { body: text }),
      ...(keeps && { fallback: [async () => this.#known(question)] }),
    });
    if (!response.ok) throw new DeskError(await said(response));
    const answer = await response.text();
    const isKept = sourceOf(response).name === "fallback";
    if (keeps && !isKept) this.#last.set(question, answer);
    return { answer: JSON.parse(answer), isKept };
  }

  /** What the broker said last. */
  #known(question: string): Response {
    const text = this.#last.get(question);
    if (text === undefined) throw new Error("Nothing is known yet.");
    return new Response(text, { headers: { "content-type": "application/json" } });
  }
}

/** What the Worker says is a problem document with a sentence in it; what a broker says is its own. */
async function said(response: Response): Promise<string> {
  const problem: unknown = await response.json().catch(() => undefined);
  const { detail, title } = (problem ?? {}) as { detail?: unknown; title?: unknown };
  if (response.status === 403) return "Your account may not use this broker.";
  if (response.status === 429) return "That was too much in a minute. It goes on by itself.";
  return [detail, title].find((text) => typeof text === "string") ?? `The broker answered with status ${response.status}.`;
}

/** Whether somebody cancelled: this page's own button, or the dialog of the session. */
export function isCancelled(error: unknown): boolean {
  return (error instanceof DOMException && error.name === "AbortError") || (isSessionError(error) && error.code === "ERR_SESSION_CANCELLED");
}
