// SPDX-License-Identifier: MIT
// Where memory is allocated, in two runs side by side.
import type { Model, Weighing } from "../data/model";
import { change } from "../format";
import { formatWeight } from "../flame/scene";
import { nameColumn } from "../ui/columns";
import { el } from "../ui/dom";
import { placeOf } from "../ui/names";
import { Table } from "../ui/table";
import type { Column } from "../ui/table";
import { figuresOf, kindOf, placesOf } from "./places";
import type { Kind, Pair, Places } from "./places";

/** Rows are the first ones of places. */
export class PlaceTable {
  private readonly table: Table;
  private model!: Model;
  private weighing!: Weighing;
  private search = "";
  private sorting = "size_of_change";
  private opened: number | null = null;

  constructor() {
    this.table = new Table({
      name: "places",
      key: (row) => String(this.model.data.sites.id[row]),
      sort: (order) => { this.sorting = order; this.draw(); },
      open: (row) => { this.opened = row; this.draw(); },
      detail: (row) => stackList(this.model, row),
    });
  }

  get element(): HTMLElement {
    return this.table.element;
  }

  show(model: Model, weighing: Weighing, search: string): void {
    [this.model, this.weighing, this.search] = [model, weighing, search];
    this.draw();
  }

  resize(): void {
    this.table.resize();
  }

  private draw(): void {
    const { model, weighing } = this;
    const matching = model.matching(this.search);
    const places = placesOf(model.data);
    const figure = figuresOf(model.data, weighing.weight);
    const changed = places.rows.filter((row) => matching[row] && figure.new[row] !== figure.old[row]);
    this.table.show(columnsOf(model, weighing, places, figure), changed, places.rows.length, this.sorting,
      this.opened);
  }
}

function columnsOf(model: Model, weighing: Weighing, places: Places, figure: Pair): Column[] {
  const allocated = figuresOf(model.data, "alloc_count");
  const kind = (row: number): Kind => kindOf(allocated, figure, places.significant[row] === 1, row);
  const by = (row: number): number => figure.new[row] - figure.old[row];
  const format = (value: number | null | undefined): string => formatWeight(weighing, value ?? 0);
  const number = (id: string, title: string, value: (row: number) => number, text = format): Column =>
    ({ id, title, numeric: true, value, cell: (row) => text(value(row)) });
  return [
    nameColumn(model),
    { id: "kind", title: "What it did", numeric: false, value: kind,
      cell: (row) => el("span", { class: "diff-kind" }, kind(row)) },
    number("old", "Old", (row) => figure.old[row]),
    number("new", "New", (row) => figure.new[row]),
    number("change", "Change", by, (value) => change(value, format)),
    number("size_of_change", "Size of change", (row) => Math.abs(by(row))),
  ];
}

function stackList(model: Model, row: number): HTMLElement {
  return el("div", { class: "site-details" }, el("ol", { class: "stack" },
    ...model.stack(model.data.sites.stack[row]).map((frame) => el("li", {},
      el("span", { class: "name" }, frame.function), " ",
      el("span", { class: "place" }, placeOf(frame))))));
}

/** How many places became what, by a figure. */
export function countKinds(model: Model, weighing: Weighing): Map<Kind, number> {
  const { rows, significant } = placesOf(model.data);
  const figure = figuresOf(model.data, weighing.weight);
  const allocated = figuresOf(model.data, "alloc_count");
  const counts = new Map<Kind, number>();
  for (const row of rows) {
    const kind = kindOf(allocated, figure, significant[row] === 1, row);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}
