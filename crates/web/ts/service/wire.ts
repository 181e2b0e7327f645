/** An object of the Worker's. */
export type Body = { readonly [name: string]: unknown };

/**
 * What the Worker says, as JavaScript says it: names in one word, durations in milliseconds. On the wire they are seconds, and their
 * names end in `_in`, or are `retry_after` or, in an alert, `threshold`.
 */
export function camel(value: unknown, name = ""): unknown {
  if (Array.isArray(value)) return value.map((each) => camel(each));
  if (Object(value) === value) return Object.fromEntries(Object.entries(value as Body).map(([key, each]) => [key.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()), camel(each, key)]));
  return typeof value === "number" && /_in$|^(retry_after|threshold)$/.test(name) ? value * 1000 : value;
}

/** A number of seconds or of milliseconds that can be one. */
export const isAmount = (value: unknown): value is number => typeof value === "number" && value >= 0 && value <= 9e12;
