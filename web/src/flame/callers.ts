// SPDX-License-Identifier: MIT
// The way to the box that fills the graph, and back along it.
import type { Model } from "../data/model";
import type { State } from "../state";
import { button, el } from "../ui/dom";
import { stepsTo } from "./zoom";

const FIRST = 2; // of a long way so many calls are shown,
const LAST = 5; // and so many of its end

/** Fill a list with a button for each call up to the one that fills the graph; nothing when all does. */
export function showCallers(list: HTMLElement, model: Model, state: Readonly<State>,
  zoom: (key: number) => void): void {
  const calls = [{ name: "all", key: 0 }, ...stepsTo(model.data, state)
    .map(({ stack, key }) => ({ name: model.frame(stack).function, key }))];
  const items = calls.map(({ name, key }, i) => el("li", {}, button(name, () => zoom(key), {
    title: name, "aria-current": i === calls.length - 1 && "true",
  })));
  const left = calls.length - FIRST - LAST;
  if (left > 1) items.splice(FIRST, left, el("li", {}, `… ${left} calls`));
  list.replaceChildren(...items);
  list.hidden = calls.length === 1;
}

/** State.zoom one call back. */
export function zoomOut(model: Model, state: Readonly<State>): number {
  return stepsTo(model.data, state).at(-2)?.key ?? 0;
}
