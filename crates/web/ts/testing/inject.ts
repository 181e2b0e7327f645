import { networks } from "./network.js";

/** In the place of `fetch` in all that is bundled here: what a session under test sends stays in its test. */
export async function fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const headers = new Headers(init?.headers ?? (input as Request).headers);
  const found = [...networks].find((network) => network.carries(headers));
  return found ? found.call(new Request(input, init)) : globalThis.fetch(input, init);
}
