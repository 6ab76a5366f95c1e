// SPDX-License-Identifier: MIT
// Every site: where blocks are allocated, with all that is known of each.
import type { Frame, Model } from "../data/model";
import { press, toggle } from "../flame/controls";
import { bytes, count, counted, UNKNOWN } from "../format";
import type { State } from "../state";
import { fileColumns, shownColumns, siteColumns } from "../ui/columns";
import { button, el } from "../ui/dom";
import { placeOf } from "../ui/names";
import { Table } from "../ui/table";
import type { Column } from "../ui/table";
import type { Context, Instance, View } from "../ui/view";

function frameItem(frame: Frame): HTMLElement {
  const full = [frame.file && `${frame.file}:${frame.line}`, frame.module].filter(Boolean).join(", ");
  const inlined = frame.inlined ? el("span", { class: "note" }, " inlined") : "";
  return el("li", { title: full }, el("span", { class: "name" }, frame.function), " ",
    el("span", { class: "place" }, placeOf(frame)), inlined);
}

function sizes(least: number | null, most: number | null): string {
  if (least === null) return "";
  return least === most ? `Blocks of ${bytes(least)}` : `Blocks of ${bytes(least)} to ${bytes(most)}`;
}

const ifAny = (value: number | null, words: (value: number) => string): string => value ? words(value) : "";

/** What has no column of its own. */
function remarks({ data: { sites } }: Model, row: number): string {
  return [sizes(sites.min_size[row], sites.max_size[row]), counted(sites.free_count[row], "free"),
    ifAny(sites.realloc_count[row], (value) => counted(value, "resize")),
    ifAny(sites.cross_thread_free_count[row], (value) => `${count(value)} of the frees by other threads`),
    ifAny(sites.suppressed_bytes[row], (value) => `${bytes(value)} suppressed`),
  ].filter((words) => words !== "").join("; ") + ".";
}

/** The columns for which the table has no room. */
function others(row: number, columns: readonly Column[]): HTMLElement | string {
  const pairs = columns.map((column) => el("div", { title: column.hint ?? false },
    el("dt", {}, column.title), el("dd", { "data-column": column.id }, column.cell!(row) || UNKNOWN)));
  return pairs.length > 0 ? el("dl", { class: "others" }, ...pairs) : "";
}

/** What has no room in the table; the stack, innermost first; and where to go from there. */
function details(row: number, { model, change }: Context, hidden: readonly Column[]): HTMLElement {
  const { id, stack } = model.data.sites;
  return el("div", { class: "site-details", "data-site": String(id[row]) },
    others(row, hidden), el("p", {}, remarks(model, row)),
    el("ol", { class: "stack", tabindex: "0", "aria-label": "Stack, innermost call first" },
      ...model.stack(stack[row]).map(frameItem)),
    button("In the flame graph", () => change({ view: "flame", inverted: false, zoom: stack[row] })), " ",
    button("Close", () => change({ site: null })));
}

/** Sites where something was allocated, or lived; a comparison has those of the old run, too. */
function rowsOf({ model, state }: Context): number[] {
  const { count: blocks, live } = model.selection(state);
  const rows: number[] = [];
  for (let row = 0; row < blocks.length; row++) {
    if (blocks[row] > 0 || live[row] > 0) rows.push(row);
  }
  return rows;
}

/** All that the rows depend on: for another view in front, or an open row, nothing is sorted. */
const keyOf = ({ from, to, search, sort, columns }: Readonly<State>): string =>
  JSON.stringify([from, to, search, sort, columns]);

interface Shown {
  readonly model: Model | null;
  readonly key: string;
  readonly open: number | null;
}

/** Of very many sites the page has the first ones of each order. */
function missingWords({ data: { sites, report } }: Model): string {
  const [here, all] = [sites.id.length, Number(report.site_count ?? 0)];
  return here >= all ? "" : `The page has ${count(here)} of ${counted(all, "site")}: those with the most.`;
}

class SitesView implements Instance {
  private context: Context;
  private shown: Shown = { model: null, key: "", open: null };
  private readonly missing = el("p", { class: "note" });
  private readonly more = toggle("All columns",
    "Those for which there is no room are in a row's details, too", () => this.switchColumns());
  private columns: readonly Column[] = [];
  private hidden: readonly Column[] = [];
  private readonly table = new Table({
    name: "sites",
    key: (row) => String(this.context.model.data.sites.id[row]),
    sort: (sort) => this.context.change({ sort }),
    open: (row) => this.context.change({ site: row === null ? null : this.context.model.data.sites.id[row] }),
    detail: (row) => details(row, this.context, this.hidden),
    tools: [this.more],
    file: () => fileColumns(this.context.model, this.columns),
  });

  constructor(element: HTMLElement, context: Context) {
    this.context = context;
    element.append(this.missing, this.table.element);
    this.update(context);
  }

  update(context: Context): void {
    this.context = context;
    const { model, state } = context;
    const open = state.site === null ? null : model.row(state.site) ?? null;
    const key = keyOf(state);
    if (this.shown.model !== model || this.shown.key !== key) this.showRows(open);
    else if (this.shown.open !== open) this.table.open(open);
    this.shown = { model, key, open };
  }

  private showRows(open: number | null): void {
    const { model, state } = this.context;
    const columns = this.chooseColumns();
    this.missing.textContent = missingWords(model);
    const all = rowsOf(this.context);
    const matching = model.matching(state.search);
    const found = all.filter((row) => matching[row]);
    this.table.show(columns, found, all.length, state.sort, open);
  }

  private chooseColumns(): readonly Column[] {
    const { model, state } = this.context;
    this.columns = siteColumns(model, state);
    const shown = shownColumns(this.columns, state);
    this.hidden = this.columns.filter((column) => !shown.includes(column));
    this.more.hidden = this.hidden.length === 0 && state.columns === "few";
    press(this.more, state.columns === "all");
    return shown;
  }

  private switchColumns(): void {
    this.context.change({ columns: this.context.state.columns === "all" ? "few" : "all" });
  }

  resize(): void {
    this.table.resize();
  }
}

function absent({ data }: Model): string | null {
  if (data.report.mode === "count") {
    return "Where blocks are allocated is not known when calls are only counted: " +
      "record with --mode full or --mode sample.";
  }
  return data.sites.id.length === 0 ? "The program allocated nothing, or no stacks were recorded." : null;
}

export default {
  id: "sites",
  title: "Sites",
  question: "Where in the program are blocks allocated? A row opens to its stack.",
  absent,
  create: (element, context) => new SitesView(element, context),
} satisfies View;
