// SPDX-License-Identifier: MIT
// View 6: which threads free the blocks of which.
import { Figure } from "../charts/figure";
import { between, drawn, flowOption, heightOf, pairsOf } from "../charts/flow";
import type { Measure, Pair } from "../charts/flow";
import type { Picture, Table } from "../charts/picture";
import type { Report } from "../data/schema";
import { bytes, count, counted, percent, share } from "../format";
import { button, el } from "../ui/dom";
import type { Context, Instance, View } from "../ui/view";

const amount = (pair: Pair, by: Measure) =>
  by === "bytes" ? bytes(pair.bytes) : counted(pair.count, "block");

/** How much of it there is. */
function totals(report: Report): string {
  const crossed = counted(report.cross_thread_free_count, "block was", "blocks were");
  const pairs = counted(report.cross_thread_flow_count, "pair");
  return (
    `In the whole run ${crossed} freed by another thread than the one that allocated it, ` +
    `${percent(report.cross_thread_free_pct)} of all frees, between ${pairs} of threads.`
  );
}

const sum = (pairs: readonly Pair[], by: Measure) => pairs.reduce((all, pair) => all + pair[by], 0);

/** What the widths are of. */
function label(pairs: readonly Pair[], by: Measure): string {
  const all = by === "bytes" ? bytes(sum(pairs, by)) : counted(sum(pairs, by), "block");
  return `${all} from the threads that allocated them, left, to those that freed them, right`;
}

function largest(pairs: readonly Pair[], by: Measure): string {
  const [first] = pairs;
  return `Most went from ${between(first)}: ${amount(first, by)} (${share(first[by], sum(pairs, by))}).`;
}

function caveats(report: Report, pairs: readonly Pair[]): string[] {
  return [
    report.cross_thread_flow_count > pairs.length
      ? `The ${count(pairs.length)} pairs with most frees are known one by one.`
      : "",
    report.estimated ? "These are estimates." : "",
  ];
}

function summary(report: Report, pairs: readonly Pair[], by: Measure): string {
  return [totals(report), largest(pairs, by), ...caveats(report, pairs)].filter(Boolean).join(" ");
}

function table(pairs: readonly Pair[]): Table {
  return {
    name: "cross-thread-frees",
    length: pairs.length,
    columns: [
      { title: "allocated by", value: (i) => pairs[i].from.name },
      { title: "freed by", value: (i) => pairs[i].to.name },
      { title: "blocks", value: (i) => pairs[i].count, text: (i) => count(pairs[i].count) },
      { title: "bytes", value: (i) => pairs[i].bytes, text: (i) => bytes(pairs[i].bytes) },
    ],
  };
}

function picture({ model, state }: Context): Picture {
  const { report } = model.data;
  const all = pairsOf(report, state.flow);
  const pairs = drawn(all);
  return {
    label: label(all, state.flow),
    summary: summary(report, all, state.flow),
    height: heightOf(pairs),
    option: (theme, width) => flowOption(pairs, state.flow, theme, width),
    cursor: {
      columns: pairs.length,
      rows: 1,
      text: (i) => `${between(pairs[i])}: ${counted(pairs[i].count, "block")}, ${bytes(pairs[i].bytes)}.`,
      place: (i) => ({ item: i, edge: true }),
    },
    table: table(all),
  };
}

function create(element: HTMLElement, context: Context): Instance {
  const figure = new Figure(element);
  const choices = (["count", "bytes"] as const).map((by) => ({
    by,
    button: button(by === "count" ? "By blocks" : "By bytes", () => context.change({ flow: by }), {
      "data-flow": by,
    }),
  }));
  figure.stage.before(
    el(
      "div",
      { class: "chart-choice", role: "group", "aria-label": "How wide the flows are drawn" },
      ...choices.map((choice) => choice.button),
    ),
  );
  figure.stage.before(
    el("div", { class: "chart-sides" }, el("span", {}, "allocated by"), el("span", {}, "freed by")),
  );
  const update = (next: Context): void => {
    for (const { by, button } of choices) button.setAttribute("aria-pressed", String(next.state.flow === by));
    figure.show(picture(next), next.model.data, next.state.flow);
  };
  update(context);
  return { update };
}

export default {
  id: "flow",
  title: "Between threads",
  question: "Who frees the blocks of whom? Blocks that change threads cost more to free.",
  absent: ({ data: { report } }) =>
    report.cross_thread_flow === null
      ? "In count mode it is not known who frees what. --mode full or --mode sample tells."
      : report.cross_thread_flow?.length
        ? null
        : (report.thread_stats?.length ?? 0) < 2
          ? "The program has one thread: no block is freed by another."
          : "Every block was freed by the thread that allocated it.",
  create,
} satisfies View;
