// SPDX-License-Identifier: MIT
// The data of a chart as a table.
import { UNKNOWN, count } from "../format";
import { el } from "../ui/dom";
import type { Column, Table } from "./picture";

/** More rows than anybody reads; the file has all. */
const MOST = 200;

export function tableElement(table: Table): HTMLElement {
  const shown = Math.min(table.length, MOST);
  const body = el("tbody");
  for (let row = 0; row < shown; row++) {
    body.append(el("tr", { "data-row": String(row) }, ...table.columns.map((c) => cell(c, row))));
  }
  const head = el("tr", {}, ...table.columns.map((c) => el("th", { scope: "col" }, c.title)));
  const element = el("table", {}, el("thead", {}, head), body);
  return el(
    "div",
    { class: "chart-table", tabindex: "0", role: "region", "aria-label": "The data as a table" },
    element,
    shown < table.length ? more(shown, table.length) : "",
  );
}

export function cellText(column: Column, row: number): string {
  return column.text?.(row) ?? String(column.value(row) ?? UNKNOWN);
}

function cell(column: Column, row: number): HTMLElement {
  const text = cellText(column, row);
  const exact = String(column.value(row) ?? "");
  const number = typeof column.value(row) === "number";
  return el("td", { class: number ? "number" : "", "data-column": column.title, title: exact }, text);
}

function more(shown: number, all: number): HTMLElement {
  return el("p", {}, `The first ${count(shown)} of ${count(all)} rows; CSV has all.`);
}
