/** A random name for one question, so that its repetition is not taken for a second one. Nothing where there is no randomness. */
export function nameOperation(): string | undefined {
  const bytes = globalThis.crypto?.getRandomValues?.(new Uint8Array(8));
  return bytes && Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
