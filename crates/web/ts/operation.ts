/**
 * A name for one question or attempt, so that its repetition is not taken for a second one: up to 32 digits of `0-9a-f`. It
 * guards nothing, and so it asks nothing of the platform that a page may be without.
 */
export const nameOperation = () => Math.random().toString(16).replace(".", "");
