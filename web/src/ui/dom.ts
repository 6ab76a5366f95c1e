// SPDX-License-Identifier: MIT
// Elements in one expression. What is a string becomes text, never markup: names of functions may be
// anything.

export type Attribute = string | boolean | ((event: Event) => void);
export type Child = Node | string;

/** el("button", { type: "button", onclick: close, disabled: true }, "Close"). False attributes are left
 * out; a value of on... is called with the event. */
export function el<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag, attributes: Readonly<Record<string, Attribute>> = {}, ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

/** A button that does one thing. */
export function button(text: string, onclick: () => void,
                       attributes: Readonly<Record<string, Attribute>> = {}): HTMLButtonElement {
  return el("button", { type: "button", onclick, ...attributes }, text);
}
