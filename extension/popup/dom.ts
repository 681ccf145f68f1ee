/** Small steps on the document; text goes in as text, never as markup. */

/** The element of that id; the page is ours, so one that is missing or of another kind is a mistake of ours. */
export function byId<Kind extends Element>(id: string, kind: new () => Kind): Kind {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new TypeError(`The page has no ${id}.`);
  return element;
}

export function text(id: string, words: string): void {
  const element = byId(id, HTMLElement);
  if (element.textContent !== words) element.textContent = words;
}

export function show(id: string, shown: boolean): void {
  byId(id, HTMLElement).hidden = !shown;
}

/** An icon of index.html's symbols; decoration only, so hidden from screen readers. */
export function icon(name: string): SVGSVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

export function setIcon(id: string, name: string): void {
  byId(id, SVGUseElement).setAttribute("href", `#icon-${name}`);
}

export function make(tag: string, className: string, words = ""): HTMLElement {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = words;
  return element;
}

/** The icon of a kind of device. */
export function deviceIcon(kind: string): string {
  return kind === "web" || kind === "softphone" ? kind : "phone";
}
