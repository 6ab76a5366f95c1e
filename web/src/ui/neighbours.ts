// SPDX-License-Identifier: MIT
// A function between those who call it and those whom it calls.
import { NOBODY, functionKey, neighboursOf } from "../data/functions";
import type { Neighbour, Neighbours } from "../data/functions";
import type { Frame, Model, Weighing } from "../data/model";
import { formatWeight } from "../flame/scene";
import { counted, exact, share } from "../format";
import { saveTable } from "./csv";
import { button, el } from "./dom";
import { frameOf, placeOf } from "./function_columns";
import type { Figures } from "./function_columns";
import { bar } from "./top";
import type { Context } from "./view";

/** Callers and callees that are listed; their file has all. */
const SHOWN = 20;

/** What stands beside the function. */
interface Beside {
  readonly name: string;
  readonly place?: string;
  readonly weight: number;
  readonly open?: () => void; // where there is more to see of it
}

/** Its part is that of what the function has as a whole. */
function line({ name, place, weight, open }: Beside, whole: number, weighing: Weighing): HTMLElement {
  const value = `${formatWeight(weighing, weight)}, ${share(weight, whole)}`;
  const words = [el("span", { class: "name" }, name), " ",
    el("span", { class: "value", title: exact(weight) }, value),
    bar(whole > 0 ? weight / whole : 0), el("span", { class: "place" }, place ?? "")];
  return el("li", {}, open ? el("button", { type: "button", class: "top-site", onclick: open }, ...words)
    : el("div", { class: "top-site" }, ...words));
}

function besideOf(model: Model, { function: number, weight }: Neighbour,
                  go: (number: number) => void): Beside {
  if (number === NOBODY) return { name: "nobody: the outermost call", weight };
  const frame = frameOf(model, number);
  return { name: frame.function, place: placeOf(frame), weight, open: () => go(number) };
}

function side(title: string, lines: readonly HTMLElement[], none: string): HTMLElement {
  const left = lines.length - SHOWN;
  return el("article", { class: "card" }, el("h3", {}, title),
    lines.length > 0 ? el("ol", {}, ...lines.slice(0, SHOWN)) : el("p", {}, none),
    left > 0 ? el("p", { class: "rest" }, `and ${counted(left, "other")}, which are in the file`) : "");
}

/** Both sides: callers, and where what the function has was allocated. */
function sides(model: Model, { callers, callees }: Neighbours, whole: number, own: number, weighing: Weighing,
               go: (number: number) => void): HTMLElement {
  const lines = (all: readonly Beside[]): HTMLElement[] => all.map((one) => line(one, whole, weighing));
  const beside = (all: readonly Neighbour[]): Beside[] => all.map((one) => besideOf(model, one, go));
  const itself = own > 0 ? [{ name: "by itself", weight: own }] : [];
  return el("div", { class: "cards" },
    side("Called by", lines(beside(callers)), "None of this came through a call of it."),
    side("Calls", lines([...itself, ...beside(callees)]), "None of this came of it."));
}

/** Callers and callees as a file. */
function saveNeighbours(model: Model, { callers, callees }: Neighbours, { weight }: Weighing): void {
  const rows = [...callers.map((one) => ({ ...one, is: "caller" })),
    ...callees.map((one) => ({ ...one, is: "callee" }))];
  const name = (number: number): string => number === NOBODY ? "" : frameOf(model, number).function;
  saveTable({ name: "callers-and-callees", length: rows.length, columns: [
    { title: "is", value: (row) => rows[row].is },
    { title: "function", value: (row) => name(rows[row].function) },
    { title: weight, value: (row) => rows[row].weight },
  ] });
}

function sentence(number: number, { weighing, sums, total, sites }: Figures): string {
  const [whole, own] = [sums.inclusive[number], sums.self[number]];
  return `${weighing.title}: ${formatWeight(weighing, whole)}, ${share(whole, total)} of all, ` +
    `through calls of it at ${counted(sites[number], "site")}; ${formatWeight(weighing, own)} by itself.`;
}

/** What finds a function; without a name it is found with all of its module. */
const searchFor = ({ known, function: name, module }: Frame): string => known ? name : module;

/** Callers and callees, and where to go from there; `go` is told the function that is asked for. */
export function functionDetails(number: number, { model, change }: Context, figures: Figures,
                 go: (number: number) => void): HTMLElement {
  const { weighing, weights, sums } = figures;
  const frame = frameOf(model, number);
  const neighbours = neighboursOf(model.data, weights, number);
  const search = searchFor(frame);
  return el("div", { class: "site-details", "data-function": functionKey(model, number) },
    el("p", {}, sentence(number, figures)),
    el("p", { class: "place" }, [frame.file, frame.module].filter(Boolean).join(", ")),
    el("div", { class: "flame-bar" },
      button("In the flame graph", () => change({ view: "flame", search, zoom: 0 })),
      button("Its sites", () => change({ view: "sites", search, site: null })),
      button("CSV", () => saveNeighbours(model, neighbours, weighing),
        { "data-export": "csv", title: "Save all callers and callees as CSV" }),
      button("Close", () => change({ function: "" }))),
    sides(model, neighbours, sums.inclusive[number], sums.self[number], weighing, go));
}
