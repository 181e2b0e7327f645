/** The words of `explain.ts`. */
type Words = typeof import("./explain.js");

/** What went wrong in words, from a chunk that is loaded only then; without it, what is given first has to do. */
export const explain = <W extends keyof Words>(what: W, ...given: Parameters<Words[W]>): Promise<Awaited<ReturnType<Words[W]>>> =>
  import("./explain.js").then(
    (words) => (words[what] as (...given: unknown[]) => Awaited<ReturnType<Words[W]>>)(...given),
    () => given[0] as Awaited<ReturnType<Words[W]>>,
  );
