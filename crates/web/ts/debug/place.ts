/** Where the panel is: docked at a corner by the arrow keys, anywhere by dragging. */
export function movable(element: HTMLElement, grip: HTMLElement, key: HTMLElement, sheet: CSSStyleSheet, signal: AbortSignal): void {
  let [vertical, horizontal] = ["bottom", "right"];
  const dock = () => {
    sheet.replaceSync("");
    element.dataset.corner = `${vertical}-${horizontal}`;
  };
  key.addEventListener(
    "keydown",
    (event) => {
      if (event.key === "ArrowUp") vertical = "top";
      else if (event.key === "ArrowDown") vertical = "bottom";
      else if (event.key === "ArrowLeft") horizontal = "left";
      else if (event.key === "ArrowRight") horizontal = "right";
      else return;
      event.preventDefault();
      dock();
    },
    { signal },
  );
  // A pointer has another way.
  key.addEventListener(
    "click",
    () => {
      [vertical, horizontal] = horizontal === "right" ? [vertical, "left"] : [vertical === "top" ? "bottom" : "top", "right"];
      dock();
    },
    { signal },
  );
  grip.addEventListener(
    "pointerdown",
    (down) => {
      if (down.button || (down.target as Element).closest("button")) return;
      const { left, top, width } = element.getBoundingClientRect();
      grip.setPointerCapture(down.pointerId);
      const over = new AbortController();
      const move = ({ clientX, clientY }: PointerEvent) => {
        const x = Math.min(Math.max(8 - width / 2, left + clientX - down.clientX), innerWidth - width / 2);
        const y = Math.min(Math.max(0, top + clientY - down.clientY), innerHeight - 44);
        // A rule, and no attribute: no policy has to allow it.
        sheet.replaceSync(`:host { inset: ${Math.round(y)}px auto auto ${Math.round(x)}px; }`);
      };
      grip.addEventListener("pointermove", move, { signal: over.signal });
      for (const type of ["pointerup", "pointercancel"]) grip.addEventListener(type, () => over.abort(), { signal: over.signal });
      signal.addEventListener("abort", () => over.abort(), { signal: over.signal });
    },
    { signal },
  );
  dock();
}
