/** The words of `explain.ts`. */
type Words = typeof import("./explain.js");

/**
 * What went wrong in words, from a chunk that is loaded only then. Where it does not come, or fails itself, what is given first has to do: what
 * went wrong is told all the same.
 */
export const explain = <W extends keyof Words>(what: W, ...given: Parameters<Words[W]>): Promise<Awaited<ReturnType<Words[W]>>> =>
  import("./explain.js")
    .then((words) => (words[what] as (...given: unknown[]) => Awaited<ReturnType<Words[W]>>)(...given))
    .catch(() => given[0] as Awaited<ReturnType<Words[W]>>);
