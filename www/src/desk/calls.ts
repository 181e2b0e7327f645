/** Every call of this page to the broker: made by `session.fetch`, and kept in a list, so that somebody can count what became of each. */

import { type Session, isSessionError } from "everlit";

/** What became of a call. Cancelled is what a person did, here or in the dialog. */
export type Outcome = "pending" | "completed" | "cancelled" | "failed";

export interface Call {
  /** Also its `X-Request-Id`, by which the other side counts it. */
  readonly id: string;
  /** What it is for. */
  readonly what: string;
  outcome: Outcome;
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
}

export class Calls {
  /** The oldest first. */
  list: Call[] = [];

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
      const answer = await this.#send(call.id, request);
      call.outcome = "completed";
      return answer;
    } catch (error) {
      call.outcome = isCancelled(error) ? "cancelled" : "failed";
      throw error;
    }
  }

  async #send(id: string, { path, method = "GET", body, headers, signal }: Request): Promise<unknown> {
    const response = await this.session.fetch(path, {
      method,
      signal,
      headers: { accept: "application/json", "x-request-id": id, ...(body && { "content-type": "application/json" }), ...headers },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (response.ok) return response.json();
    throw new DeskError(await said(response));
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
  return (error instanceof DOMException && error.name === "AbortError") || (isSessionError(error) && (error.code as string) === "ERR_SESSION_CANCELLED");
}
