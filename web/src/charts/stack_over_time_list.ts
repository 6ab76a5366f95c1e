// SPDX-License-Identifier: MIT
// The layers of live bytes as a list: what each is, how much it was at most, and the way to it.
import { bytes } from "../format";
import { button, el } from "../ui/dom";
import { siteName } from "../ui/names";
import type { Context } from "../ui/view";
import { layerColour } from "./stack_over_time";
import { OTHERS } from "./stack_over_time_layers";
import type { By, Layer, Layers } from "./stack_over_time_layers";
import { currentTheme } from "./theme";

/** A site is opened; of a function the table shows those whose stacks have it. */
function open({ row }: Layer, by: By, { model, change }: Context): void {
  const { id, stack } = model.data.sites;
  if (by === "site") change({ view: "sites", site: id[row] });
  else change({ view: "sites", search: siteName(model, stack[row]).name, site: null });
}

function item(layer: Layer, place: number, by: By, context: Context): HTMLElement {
  const patch = el("span", { class: "flame-patch" });
  patch.style.background = layerColour(place, layer.row, currentTheme());
  const way = siteName(context.model, context.model.data.sites.stack[layer.row]).way;
  return el(
    "li",
    { title: by === "site" ? way : false },
    patch,
    button(layer.name, () => open(layer, by, context), { class: "link" }),
    ` ${layer.place}, ${bytes(layer.most)} at most`,
  );
}

export function layerItems({ shown }: Layers, by: By, context: Context): HTMLElement[] {
  return shown
    .filter(({ row }) => row !== OTHERS)
    .map((layer, place) => item(layer, place, by, context));
}
