// SPDX-License-Identifier: MIT
// A table of any number of rows, of which those in sight are in the page. Rows are numbers; what they
// are is known to the columns.
import { count } from "../format";
import { saveTable } from "./csv";
import { button, el } from "./dom";
import type { Child } from "./dom";
import { nextSort, parseSort, sortRows } from "./order";
import { topOf, visibleRows } from "./span";
import type { Layout } from "./span";

export interface Column {
  readonly id: string;
  readonly title: string;
  readonly hint?: string;
  readonly numeric: boolean;
  /** The exact value: it is sorted by, and in CSV. */
  value(row: number): number | string | null;
  /** As people read it; without it the value. */
  cell?(row: number): Child;
}

/** What a table asks of its view. */
export interface Owner {
  /** In words, and the name of its CSV. */
  readonly name: string;
  key(row: number): string;
  sort(order: string): void;
  /** A row was opened, or with null closed. */
  open(row: number | null): void;
  detail(row: number): HTMLElement;
  /** More buttons for it. */
  readonly tools?: readonly HTMLElement[];
  /** The columns in CSV; without it those that are seen. */
  file?(columns: readonly Column[]): readonly Column[];
}

/** Pixels; style.css has the same in --row. */
const ROW_HEIGHT = 50;
const STEPS: Readonly<Record<string, number>> =
  { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity };

export class Table {
  readonly element: HTMLElement;
  private readonly scroll: HTMLElement;
  private readonly table = el("table");
  private readonly head = el("tr");
  private readonly body = el("tbody");
  private readonly summary = el("p", { class: "table-count", role: "status" });
  private readonly owner: Owner;
  private columns: readonly Column[] = [];
  private order: readonly number[] = [];
  private sorting = "";
  private opened: number | null = null;
  private detail: HTMLElement | null = null;
  private detailHeight = 0;
  private drawn = "";

  constructor(owner: Owner) {
    this.owner = owner;
    this.table.append(el("thead", {}, this.head), this.body);
    this.scroll = el("div", { class: "table-scroll", tabindex: "0", role: "region",
      "aria-label": `Table of ${owner.name}`, onscroll: () => this.draw() }, this.table);
    this.table.addEventListener("keydown", (event) => this.key(event));
    const csv = button("CSV", () => this.save(), { "data-export": "csv", title: "Save all rows as CSV" });
    const tools = el("div", { class: "table-tools" }, this.summary, ...(owner.tools ?? []), csv);
    this.element = el("div", { class: "table" }, tools,
      this.scroll);
  }

  /** Rows in any order; they are sorted here. `of` is how many there are without the filter. */
  show(columns: readonly Column[], rows: ArrayLike<number>, of: number, sort: string,
       open: number | null = this.opened): void {
    const by = columns.find((column) => column.id === parseSort(sort).column) ?? columns[1];
    this.sorting = by.id === parseSort(sort).column ? sort : by.id;
    this.columns = columns;
    this.order = sortRows(rows, (row) => by.value(row), parseSort(this.sorting).ascending);
    this.summary.textContent = rows.length === of ? `${count(of)} ${this.owner.name}`
      : `${count(rows.length)} of ${count(of)} ${this.owner.name}`;
    this.table.setAttribute("aria-rowcount", String(rows.length + 1));
    this.head.replaceChildren(...columns.map((column) => this.heading(column)));
    this.open(open);
  }

  /** Show the details of a row, which comes into sight if it was not open; null: of none. */
  open(row: number | null): void {
    const isNew = row !== this.opened;
    this.opened = row;
    this.detail = row === null ? null : this.owner.detail(row);
    this.draw(true);
    this.measure();
    const place = row === null ? -1 : this.order.indexOf(row);
    if (isNew && place >= 0) this.reveal(place);
  }

  resize(): void {
    this.draw();
    this.measure();
  }

  private get layout(): Layout {
    return { rows: this.order.length, height: ROW_HEIGHT, detail: this.detailHeight,
      open: this.opened === null ? -1 : this.order.indexOf(this.opened) };
  }

  private heading(column: Column): HTMLElement {
    const { column: sorted, ascending } = parseSort(this.sorting);
    const state = sorted !== column.id ? "none" : ascending ? "ascending" : "descending";
    return el("th", { scope: "col", "aria-sort": state, class: column.numeric ? "number" : "" },
      button(column.title, () => this.owner.sort(nextSort(this.sorting, column.id, column.numeric)),
        { "data-column": column.id, title: column.hint ?? false }));
  }

  private draw(again = false): void {
    const layout = this.layout;
    const [first, last] = visibleRows(layout, this.scroll.scrollTop, this.scroll.clientHeight || 600);
    const drawn = `${first}-${last}`;
    if (!again && drawn === this.drawn) return;
    this.drawn = drawn;
    const focused = this.focusedRow();
    const rows = this.order.slice(first, last).flatMap((row, i) => this.row(row, first + i));
    this.body.replaceChildren(spacer(topOf(layout, first)), ...rows,
      spacer(topOf(layout, layout.rows) - topOf(layout, last)));
    if (focused !== undefined) this.opener(focused)?.focus({ preventScroll: true });
  }

  /** The details' height is known once they are drawn, and moves what is below. */
  private measure(): void {
    const height = this.detail?.isConnected ? this.detail.offsetHeight : 0;
    if (height === this.detailHeight) return;
    this.detailHeight = height;
    this.draw(true);
  }

  private row(row: number, place: number): HTMLElement[] {
    const open = row === this.opened;
    const cells = this.columns.map((column, i) => i === 0 ? this.firstCell(column, row, open)
      : el("td", { "data-column": column.id, class: column.numeric ? "number" : "",
        title: exactly(column, row) }, content(column, row)));
    const element = el("tr", { "data-row": this.owner.key(row), "aria-rowindex": String(place + 2),
      class: open ? "open" : "" }, ...cells);
    if (!open || !this.detail) return [element];
    return [element, el("tr", { class: "detail" },
      el("td", { colspan: String(this.columns.length) }, this.detail))];
  }

  private firstCell(column: Column, row: number, open: boolean): HTMLElement {
    const toggle = el("button", { type: "button", class: "opener", "aria-expanded": String(open),
      onclick: () => this.owner.open(open ? null : row) }, content(column, row));
    return el("th", { scope: "row", "data-column": column.id, title: exactly(column, row) }, toggle);
  }

  private focusedRow(): string | undefined {
    const focused = document.activeElement;
    return focused?.classList.contains("opener") && this.body.contains(focused)
      ? focused.closest("tr")?.dataset.row : undefined;
  }

  private opener(key: string): HTMLElement | null {
    return this.body.querySelector(`tr[data-row="${CSS.escape(key)}"] .opener`);
  }

  /** Arrow keys go from row to row, also to those that are not drawn yet. */
  private key(event: KeyboardEvent): void {
    const step = STEPS[event.key];
    const focused = this.focusedRow();
    if (step === undefined || focused === undefined) return;
    event.preventDefault();
    const from = this.order.findIndex((row) => this.owner.key(row) === focused);
    const to = Math.max(0, Math.min(this.order.length - 1, from + step));
    this.reveal(to);
    this.opener(this.owner.key(this.order[to]))?.focus({ preventScroll: true });
  }

  /** Scroll no further than it takes. */
  private reveal(place: number): void {
    const top = topOf(this.layout, place);
    const room = this.scroll.clientHeight - 2 * ROW_HEIGHT;
    if (top < this.scroll.scrollTop) this.scroll.scrollTop = top;
    else if (top > this.scroll.scrollTop + room) this.scroll.scrollTop = top - room / 2;
    this.draw();
    this.measure();
  }

  private save(): void {
    const { order, owner } = this;
    const columns = (owner.file?.(this.columns) ?? this.columns).map((column) =>
      ({ title: column.id, value: (place: number) => column.value(order[place]) }));
    saveTable({ name: owner.name, columns, length: order.length });
  }
}

function content(column: Column, row: number): Child {
  return column.cell?.(row) ?? String(column.value(row) ?? "");
}

function exactly(column: Column, row: number): string {
  const value = column.value(row);
  return typeof value === "number" ? value.toLocaleString("en-US") : value ?? "";
}

/** Stands for the rows that are not drawn. */
function spacer(height: number): HTMLElement {
  const element = el("tr", { class: "spacer", "aria-hidden": "true" }, el("td"));
  element.style.height = `${height}px`;
  return element;
}
