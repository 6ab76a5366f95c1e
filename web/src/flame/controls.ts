// SPDX-License-Identifier: MIT
// What can be chosen of a flame graph, wherever it is.
import type { Weighing } from "../data/model";
import type { State, Weight } from "../state";
import { save } from "../ui/csv";
import { button, el } from "../ui/dom";
import type { Context } from "../ui/view";
import type { Graph } from "./graph";

/** A button that is on or off. */
export function toggle(text: string, title: string, onclick: () => void): HTMLButtonElement {
  return button(text, onclick, { "aria-pressed": "false", class: "toggle", title });
}

export function press(toggled: HTMLButtonElement, on: boolean): void {
  toggled.setAttribute("aria-pressed", String(on));
}

/** Put a text where it is spoken, which it is but once. */
export function say(live: HTMLElement, text: string): void {
  if (live.textContent !== text) live.textContent = text;
}

/** A choice of what is counted. */
export class WeightChoice {
  private readonly select: HTMLSelectElement;
  readonly element: HTMLElement;

  constructor(label: string, change: (part: Partial<State>) => void) {
    this.select = el("select", { onchange: () => change({ weight: this.select.value as Weight }) });
    this.element = el("label", {}, label, this.select);
  }

  show(all: readonly Weighing[], chosen: Weighing): void {
    this.select.replaceChildren(...all.map(({ weight, title }) => el("option", { value: weight }, title)));
    this.select.value = chosen.weight;
  }
}

/** Which way stacks are read, and whether recursion is one call. */
export class Direction {
  private readonly inverted = toggle("From allocating functions out",
    "The functions that allocate come first, then who calls them",
    () => this.context.change({ inverted: !this.context.state.inverted, zoom: 0 }));
  private readonly recursion = toggle("Recursion as one call",
    "A function that is called again, by itself or through others, is shown once; what was only called " +
    "in between is left out",
    () => this.context.change({ recursion: !this.context.state.recursion, ...this.foldedZoom() }));
  readonly elements = [this.inverted, this.recursion];
  private context!: Context;

  show(context: Context): void {
    this.context = context;
    press(this.inverted, context.state.inverted);
    press(this.recursion, context.state.recursion);
  }

  /** A box of the inverted graph goes by a number of calls, which recursion changes. */
  private foldedZoom(): Partial<State> {
    return this.context.state.inverted ? { zoom: 0 } : {};
  }
}

/** Buttons that save the picture. */
export function exports(name: string, graph: Graph): HTMLElement[] {
  return [
    button("SVG", () => save(`${name}.svg`, graph.svg()), { "data-export": "svg" }),
    button("PNG", () => graph.png((file) => save(`${name}.png`, file)), { "data-export": "png" }),
  ];
}
