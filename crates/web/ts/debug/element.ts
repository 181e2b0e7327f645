/** An element with attributes, and text or other elements in it. Nothing is ever parsed. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: { readonly [name: string]: string } = {},
  ...content: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...content);
  return element;
}

/** A button that shows a drawing, and says its name. */
export function iconButton(name: string, path: string): HTMLButtonElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  const drawing = document.createElementNS("http://www.w3.org/2000/svg", "path");
  drawing.setAttribute("d", path);
  svg.append(drawing);
  return make("button", { type: "button", "aria-label": name, title: name }, svg);
}

/** Gives a text to an element, unless it has it: what does not change is not read out again. */
export function write(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

const NAME = "everlit-debug";

/** The panel's element. It says when it is taken out of the document; its shadow root is its maker's. */
export function host(): HTMLElement {
  // Another copy of the package may have been first: all copies' elements are alike.
  if (!customElements.get(NAME)) {
    customElements.define(
      NAME,
      class extends HTMLElement {
        disconnectedCallback() {
          this.dispatchEvent(new Event("gone"));
        }
      },
    );
  }
  return document.createElement(NAME);
}
