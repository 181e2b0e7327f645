/** A random name for one question, so that its repetition is not taken for a second one. Nothing where there is no randomness. */
export const nameOperation = (): string | undefined => crypto.randomUUID?.().replace(/-/g, "");
