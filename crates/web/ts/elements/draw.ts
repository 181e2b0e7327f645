// What an element shows is described first (pure, tested in Node), and then brought into the document. Nothing is ever parsed, and no attribute is a
// style: no policy has to allow anything.

/** An element with attributes, and what is in it. `do` names what a click or a submit asks for, `key` tells it from its like. */
export interface Drawn {
  readonly tag: string;
  readonly at: { readonly [name: string]: string | number | boolean | undefined };
  readonly kids: readonly Kid[];
}

/** What is not there may be said as well. */
export type Kid = Drawn | string | false | undefined;

/** All that is shown, and whether it may be another thing in a second though nothing has happened. */
export type View = readonly [kids: readonly Kid[], ticks: boolean];

/** Describes an element: its tag and then its parts, by which our own styles know it as well. */
export const h = (names: string, at: Drawn["at"] = {}, ...kids: readonly Kid[]): Drawn => {
  const [tag = "", ...parts] = names.split(" ");
  const part = parts.join(" ");
  return { tag, at: part ? { part, class: part, ...at } : at, kids };
};

/** A button that does this; what stands in for another is a new one to those who read it. */
export const button = (what: string, part: string, disabled: boolean, focus: boolean, ...kids: readonly Kid[]): Drawn =>
  h(`button button ${part}`, { key: what, type: "button", do: what, autofocus: focus, "aria-disabled": disabled && "true" }, ...kids);

/** What turns while something is under way. */
export const SPIN = h("span", { class: "spin" });

/** A drawing of lines in a square of 24. */
export const icon = (path: string): Drawn =>
  h("svg icon", { viewBox: "0 0 24 24", "aria-hidden": "true" }, h("path", { d: path }));

const SVG = "http://www.w3.org/2000/svg";
type Known = ChildNode & { everlitKey?: unknown };

/** Whether this is the same thing as before: then it keeps its focus, and what was typed into it. */
const isSame = (node: Known, { tag, at }: Drawn) => (node as unknown as Element).localName === tag && node.everlitKey === (at.key ?? at.part);

/** Brings what is described into the document, and leaves what is as it should be. */
export function patch(parent: ParentNode & Node, kids: readonly Kid[]): void {
  const wanted = kids.filter(Boolean) as (Drawn | string)[];
  wanted.forEach((kid, place) => {
    const there = parent.childNodes[place] as Known | undefined;
    if (typeof kid === "string") {
      // What does not change is not read out again.
      if (there?.nodeType !== 3) parent.insertBefore(document.createTextNode(kid), there ?? null);
      else if (there.nodeValue !== kid) there.nodeValue = kid;
      return;
    }
    let node = ([...parent.childNodes] as Known[]).slice(place).find((each) => isSame(each, kid)) as Element | undefined;
    if (node) while (parent.childNodes[place] !== node) parent.childNodes[place]!.remove();
    else {
      node = /^(svg|path)$/.test(kid.tag) ? document.createElementNS(SVG, kid.tag) : document.createElement(kid.tag);
      (node as Known).everlitKey = kid.at.key ?? kid.at.part;
      parent.insertBefore(node, there ?? null);
    }
    const attributes = new Map<string, string>();
    for (const [name, value] of Object.entries(kid.at)) {
      if (name !== "key" && value !== undefined && value !== false) attributes.set(name === "do" ? "data-do" : name, value === true ? "" : `${value}`);
    }
    // Whether a dialog is open is the browser's.
    for (const name of node.getAttributeNames()) if (!attributes.has(name) && name !== "open") node.removeAttribute(name);
    for (const [name, value] of attributes) if (node.getAttribute(name) !== value) node.setAttribute(name, value);
    patch(node, kid.kids);
  });
  while (parent.childNodes.length > wanted.length) parent.lastChild!.remove();
}
