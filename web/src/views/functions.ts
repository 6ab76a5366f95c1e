// SPDX-License-Identifier: MIT
// Every function: what it allocates itself, what with all that it calls, and who calls whom.
import { functionKey, functionNumber, withoutStack } from "../data/functions";
import type { Model } from "../data/model";
import { WeightChoice } from "../flame/controls";
import { formatWeight, isNamed } from "../flame/scene";
import { count, counted } from "../format";
import type { State } from "../state";
import { el } from "../ui/dom";
import { figuresOf, frameOf, functionColumns, functionFile } from "../ui/function_columns";
import type { Figures } from "../ui/function_columns";
import { functionDetails } from "../ui/neighbours";
import { Table } from "../ui/table";
import type { Context, Instance, View } from "../ui/view";

/** Functions of sites where something happened. */
function activeRows({ sites }: Figures): number[] {
  return [...sites.keys()].filter((number) => sites[number] > 0);
}

/** What the figures are not. */
function remarks({ data }: Model, { weights, weighing }: Figures): string {
  const { report, sites } = data;
  const [here, all] = [sites.id.length, Number(report.site_count ?? 0)];
  const lost = withoutStack(data, weights);
  return [
    report.estimated ? "This run was sampled: all are estimates." : "",
    here < all ? `They are sums over the ${counted(here, "site")} that the page has, of ${count(all)}.` : "",
    lost > 0 ? `${formatWeight(weighing, lost)} are of sites without a stack.` : "",
  ].filter((words) => words !== "").join(" ");
}

/** All that the rows depend on: for another view in front, or an open row, nothing is summed. */
const keyOf = ({ from, to, search, sort, weight }: Readonly<State>): string =>
  JSON.stringify([from, to, search, sort, weight]);

interface Shown {
  readonly model: Model | null;
  readonly key: string;
  readonly open: number | null;
}

class FunctionsView implements Instance {
  private figures!: Figures;
  private shown: Shown = { model: null, key: "", open: null };
  private readonly weight = new WeightChoice("Figure: ", (part) => this.context.change(part));
  private readonly remarks = el("p", { class: "note" });
  private readonly table = new Table({
    name: "functions",
    key: (row) => functionKey(this.context.model, row),
    sort: (sort) => this.context.change({ sort }),
    open: (row) =>
      this.context.change({ function: row === null ? "" : functionKey(this.context.model, row) }),
    detail: (row) => functionDetails(row, this.context, this.figures, (number) => this.go(number)),
    file: () => functionFile(this.context),
  });

  constructor(element: HTMLElement, private context: Context) {
    element.append(el("div", { class: "flame-bar" }, this.weight.element), this.remarks, this.table.element);
    this.update(context);
  }

  update(context: Context): void {
    this.context = context;
    const { model, state } = context;
    const open = functionNumber(model, state.function) ?? null;
    const key = keyOf(state);
    if (this.shown.model !== model || this.shown.key !== key) this.showRows(open);
    else if (this.shown.open !== open) this.table.open(open);
    this.shown = { model, key, open };
  }

  resize(): void {
    this.table.resize();
  }

  /** A function that the search names is on the stacks of none but sites that match it: its sums are the same
   * with and without the search. */
  private showRows(open: number | null): void {
    const { model, state } = this.context;
    this.figures = figuresOf(this.context);
    this.weight.show(model.weights(state), this.figures.weighing);
    this.remarks.textContent = remarks(model, this.figures);
    const all = activeRows(this.figures);
    const found = state.search === "" ? all : all.filter((row) => isNamed(frameOf(model, row), state.search));
    this.table.show(functionColumns(model, this.figures), found, all.length, state.sort, open);
  }

  /** To a caller or a callee, which the search may not name. */
  private go(number: number): void {
    const { model, state, change } = this.context;
    const named = isNamed(frameOf(model, number), state.search);
    change({ function: functionKey(model, number), ...(named ? {} : { search: "" }) });
    this.table.element.querySelector<HTMLElement>("tr.open .opener")?.focus({ preventScroll: true });
  }
}

function absent({ data }: Model): string | null {
  if (data.report.mode === "count") {
    return "Who allocates is not known when calls are only counted: " +
      "record with --mode full or --mode sample.";
  }
  return data.stacks.parent.length > 1 ? null : "The program allocated nothing, or no stacks were recorded.";
}

export default {
  id: "functions",
  title: "Functions",
  question: "What comes of a function, by itself and with what it calls? " +
    "A row opens to its callers and callees.",
  absent,
  create: (element, context) => new FunctionsView(element, context),
} satisfies View;
