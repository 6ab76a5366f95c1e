// SPDX-License-Identifier: MIT
// Which colour is which file or module, of those that are in sight.
import { currentTheme } from "../charts/theme";
import type { Model } from "../data/model";
import { shortPath } from "../format";
import { el } from "../ui/dom";
import { originColour, originOf } from "./colour";
import type { Layout } from "./layout";

const SHOWN = 10;

/** Origins, as numbers of strings: those with most of the picture's area first. */
function originsIn({ data }: Model, { boxes }: Layout): number[] {
  const area = new Map<number, number>();
  for (const box of boxes) {
    if (box.stack === 0) continue;
    const origin = originOf(data, data.stacks.frame[box.stack]);
    area.set(origin, (area.get(origin) ?? 0) + box.weight);
  }
  return [...area.keys()].sort((a, b) => area.get(b)! - area.get(a)!).slice(0, SHOWN);
}

/** Fill a list. */
export function showLegend(list: HTMLElement, model: Model, layout: Layout): void {
  const theme = currentTheme();
  list.replaceChildren(...originsIn(model, layout).map((origin) => {
    const patch = el("span", { class: "flame-patch" });
    patch.style.background = originColour(model.data, origin, theme);
    const name = model.data.strings[origin];
    return el("li", { title: name }, patch, name ? shortPath(name) : "not known");
  }));
}
