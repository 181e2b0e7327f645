import { shown } from "./duration.js";
import type { TestAnswer, TestCall } from "./types.js";

/** What the APIs answer. */
export class Answers {
  readonly calls: TestCall[] = [];
  readonly #rules: { readonly fits: (request: Request, path: string) => boolean; readonly answer: TestAnswer }[] = [];

  /** Takes a rule, the newest first. */
  respond(...given: readonly unknown[]): void {
    const [first, answer] = given;
    if (typeof first === "function" && given.length === 1) {
      this.#rules.unshift({ fits: () => true, answer: first });
      return;
    }
    const [, method, path = "", open] = /^(?:([A-Za-z]+) )?(\/[^*?#\s]*)(\*?)$/.exec(typeof first === "string" ? first : "") ?? [];
    if (!path || given.length !== 2) {
      throw new TypeError(
        `respond(${given.map(shown).join(", ")}): give a path and its answer, respond("GET /orders", [...]), or one function for all calls; a path begins with /, ends where its query begins, and may end with *`,
      );
    }
    this.#rules.unshift({
      fits: (request, asked) =>
        (!method || request.method === method.toUpperCase()) && (open ? asked.startsWith(path) : asked === path),
      answer,
    });
  }

  /** What an API answers to a call of its own address; `path` is what follows its prefix. */
  async answer(request: Request, path: string): Promise<Response> {
    const { method, url, headers } = request;
    this.calls.push({ method, url, headers: new Headers(headers), body: await request.clone().text() });
    for (const { fits, answer } of this.#rules) {
      if (!fits(request, path)) continue;
      const given: unknown = typeof answer === "function" ? await answer(request.clone()) : answer;
      if (given !== undefined || typeof answer !== "function") return responseOf(given);
    }
    return new Response(`Nothing answers ${method} ${url} in this test: respond(${JSON.stringify(`${method} ${path}`)}, answer)`, { status: 501 });
  }
}

function responseOf(given: unknown): Response {
  // Also one of another realm. It may be wanted again.
  if (typeof (given as Response | null | undefined)?.clone === "function") return (given as Response).clone();
  if (typeof given === "number" && given >= 200 && given < 600) return new Response(null, { status: given });
  return new Response(JSON.stringify(given ?? null), { headers: { "content-type": "application/json" } });
}
