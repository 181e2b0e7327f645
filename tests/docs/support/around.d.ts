// What is around the lines that a page shows: parts of a reader's app, which the page does not explain.

import type { Session as OpenSession } from "everlit";
import type { Service, ServiceToken } from "everlit/service";

declare global {
  const session: OpenSession;
  const service: Service;
  const signal: AbortSignal;
  const loginButton: HTMLButtonElement, linkButton: HTMLButtonElement, unlinkButton: HTMLButtonElement, stayButton: HTMLButtonElement, reportButton: HTMLButtonElement;
  const call: EventTarget;
  const queue: unknown[];
  function show(text: string): void;
  function render(state: unknown): void;
  function send(report: unknown): void;
  function askProvider(session: ServiceToken): Promise<Response>;
}
