/** Something that whoever called the command can mend: shown without a stack. */
export class Problem extends Error {
  /**
   * @param message what came and what is accepted
   * @param remedy what to do
   */
  constructor(
    message: string,
    readonly remedy?: string,
  ) {
    super(message);
    this.name = "Problem";
  }
}

/** What a thrown thing says. */
export function said(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // oidc-provider says why in a field, as OAuth does. `fetch` says "fetch failed", and why only in the cause.
  const { error_description: described } = error as { error_description?: string };
  if (described) return `${error.message}: ${described}`;
  const cause = error.cause as { code?: string; message?: string } | undefined;
  return cause ? `${error.message} (${cause.code ?? cause.message})` : error.message;
}
