// SPDX-License-Identifier: MIT
// What the page tells of each function: its figures, as columns of a table and of a file.
import { stackOf, sumFunctions } from "../data/functions";
import type { Sums } from "../data/functions";
import type { Frame, Model, Weighing } from "../data/model";
import { formatWeight, sum, weighingOf } from "../flame/scene";
import { count, share, shortPath } from "../format";
import { el } from "./dom";
import type { Column } from "./table";
import type { Context } from "./view";

export const frameOf = (model: Model, number: number): Frame => model.frame(stackOf(model.data, number));

/** "src/json.c", or the module where no file is known. */
export const placeOf = ({ file, module }: Frame): string =>
  file ? shortPath(file) : module.split("/").pop() ?? "";

/** What the state asks of all functions. */
export interface Figures {
  readonly weighing: Weighing;
  readonly weights: Float64Array; // by row of sites
  readonly total: number;
  readonly sums: Sums;
  readonly sites: Float64Array; // by function: on how many sites' stacks it is
}

/** Sites where something was allocated, or lived. */
function activeSites({ model, state }: Context): Uint8Array {
  const { count: blocks, live } = model.selection(state);
  return Uint8Array.from(blocks, (value, row) => Number(value > 0 || live[row] > 0));
}

export function figuresOf(context: Context): Figures {
  const { model, state } = context;
  const weighing = weighingOf(model, state);
  const weights = model.weigh({ ...state, weight: weighing.weight });
  return { weighing, weights, total: sum(weights), sums: sumFunctions(model.data, weights),
    sites: sumFunctions(model.data, activeSites(context)).inclusive };
}

function nameColumn(model: Model): Column {
  return {
    id: "function", title: "Function", numeric: false,
    value: (row) => frameOf(model, row).function,
    cell: (row) => {
      const frame = frameOf(model, row);
      const module = frame.file ? frame.module.split("/").pop() ?? "" : "";
      return el("span", { class: "site" },
        el("span", {}, el("span", { class: "name" }, frame.function), " ",
          el("span", { class: "place" }, placeOf(frame))), " ",
        el("span", { class: "callers" }, module));
    },
  };
}

/** A figure, and below it what part of all it is. */
function figureColumn(id: string, title: string, hint: string, values: Float64Array,
                      { weighing, total }: Figures): Column {
  return { id, title, hint, numeric: true, value: (row) => values[row], cell: (row) => el("span", {},
    formatWeight(weighing, values[row]), " ",
    el("span", { class: "interval" }, share(values[row], total))) };
}

export function functionColumns(model: Model, figures: Figures): Column[] {
  const { sums, sites } = figures;
  return [nameColumn(model),
    figureColumn("inclusive", "With callees", "Of all sites on whose stack it is", sums.inclusive,
      figures),
    figureColumn("self", "Itself", "Of sites where it is the innermost function", sums.self, figures),
    { id: "sites", title: "Sites", hint: "On whose stack it is", numeric: true,
      value: (row) => sites[row], cell: (row) => count(sites[row]) }];
}

/** All that can be weighed, whatever is shown. */
export function functionFile({ model, state }: Context): Column[] {
  const text = (id: "function" | "file" | "module"): Column =>
    ({ id, title: id, numeric: false, value: (row) => frameOf(model, row)[id] });
  const numbers = (id: string, values: Float64Array): Column =>
    ({ id, title: id, numeric: true, value: (row) => values[row] });
  const figures = model.weights(state).flatMap(({ weight }) => {
    const { inclusive, self } = sumFunctions(model.data, model.weigh({ ...state, weight }));
    return [numbers(weight, inclusive), numbers(`self_${weight}`, self)];
  });
  return [text("function"), text("file"), text("module"), ...figures];
}
