export {};

declare global {
  /**
   * What is called as a page loads: it is compiled together with the script, and not again when it is called first. Browsers take parentheses around a
   * function for that wish; `build.mjs` leaves nothing else of this.
   */
  function EAGER<F>(work: F): F;
}
