// What an element shows is described first (pure, tested in Node), and then brought into the document. Nothing is ever parsed, and no attribute is a
// style: no policy has to allow anything.

/** An element with attributes, and what is in it. An attribute that is not to be there is said to be `false` or nothing, and never left out. */
export interface Drawn {
  readonly tag: string;
  readonly at: { readonly [name: string]: string | number | boolean | undefined };
  readonly kids: readonly Kid[];
}

/** What is not there may be said as well. */
export type Kid = Drawn | string | false | undefined;

/** All that is shown, and whether it may be another thing in a second though nothing has happened. */
export type View = readonly [kids: readonly Kid[], ticks: boolean];

/** Describes an element: its tag and then its parts, by which our own styles know it as well. `data-do` names what a click or a submit asks for. */
export const h = (names: string, at: Drawn["at"] = {}, ...kids: readonly Kid[]): Drawn => {
  const [tag = "", ...parts] = names.split(" ");
  const part = parts.join(" ");
  return { tag, at: { part, class: part, ...at }, kids };
};

/** A button that does this; the first of several has the focus. */
export const button = (what: string, part: string, disabled: boolean, focus: boolean, ...kids: readonly Kid[]): Drawn =>
  h(`button button ${focus ? "primary " : ""}${part}`, { type: "button", "data-do": what, autofocus: focus, "aria-disabled": disabled }, ...kids);

/** What turns while something is under way. */
export const SPIN = h("span spin");

/** A drawing of lines in a square of 24. */
export const icon = (path: string): Drawn =>
  h("svg icon", { viewBox: "0 0 24 24", "aria-hidden": true }, h("path", { d: path }));

type Known = ChildNode & { everlitKey?: string };

/** By which it is the same thing as before: then it keeps its focus, and what was typed into it. A button that does another thing is a new one to those who read it. */
const keyOf = ({ tag, at }: Drawn) => `${tag} ${at.id ?? at["data-do"] ?? `${at.part}`.split(" ")[0]}`;

/** Brings what is described into the document, and leaves what is as it should be. */
export function patch(parent: ParentNode & Node, kids: readonly Kid[]): void {
  let next = parent.firstChild as Known | null;
  /** What stands before this one goes; before none that is all. */
  const goTo = (node: Known | null) => {
    for (let gone: Known; next !== node; gone.remove()) next = (gone = next!).nextSibling;
  };
  for (const kid of kids) {
    if (!kid) continue;
    const isText = typeof kid === "string";
    const key = isText ? "" : keyOf(kid);
    let node = next;
    while (node && node.everlitKey !== key) node = node.nextSibling;
    if (node) goTo(node);
    else {
      node = isText ? document.createTextNode("") : document.createElementNS(`http://www.w3.org/${/^(svg|path)$/.test(kid.tag) ? "2000/svg" : "1999/xhtml"}`, kid.tag);
      node.everlitKey = key;
      parent.insertBefore(node, next);
    }
    next = node.nextSibling;
    // What does not change is not read out again.
    if (isText) node.nodeValue === kid || (node.nodeValue = kid);
    else {
      const element = node as Node as Element;
      for (const [name, value] of Object.entries(kid.at)) {
        if (!value) element.removeAttribute(name);
        else if (element.getAttribute(name) !== `${value}`) element.setAttribute(name, `${value}`);
      }
      patch(element, kid.kids);
    }
  }
  goTo(null);
}
