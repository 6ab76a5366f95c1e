// SPDX-License-Identifier: MIT
// View 4: how long calls of malloc and free took.
import { Figure } from "../charts/figure";
import { binned, latencyOption, partOf } from "../charts/latency";
import type { Bin, Distribution } from "../charts/latency";
import type { Cursor, Picture, Table } from "../charts/picture";
import type { Report } from "../data/schema";
import { count, counted, nanoseconds, percent, took } from "../format";
import { el } from "../ui/dom";
import type { Context, Instance, View } from "../ui/view";

const PERCENTILES = [
  ["p50", "p50"],
  ["p95", "p95"],
  ["p99", "p99"],
  ["p999", "p99.9"],
] as const;
const EACH_HEIGHT = 250;
const KINDS = [
  ["alloc", "Allocations"],
  ["free", "Frees"],
] as const;

function distribution(report: Report, kind: "alloc" | "free", title: string): Distribution {
  const buckets = (report.latency?.[kind] ?? []) as [number | null, number][];
  return {
    kind,
    title,
    bins: binned(buckets),
    samples: Number(report[`${kind}_latency_samples`] ?? 0),
    percentiles: PERCENTILES.flatMap(([field, name]) => {
      const value = report[`${kind}_latency_${field}`] as number | null;
      const text = took(value, report.latency_timer_ns);
      return value === null || value === undefined ? [] : [{ name, value, text }];
    }),
  };
}

function distributions(report: Report): Distribution[] {
  return KINDS.map(([kind, title]) => distribution(report, kind, title)).filter((d) => d.bins.length > 0);
}

function sentence({ title, samples, percentiles }: Distribution): string {
  const known = percentiles.map(({ name, text }) => `${name} ${text}`).join(", ");
  return `${title}: ${known}, of ${counted(samples, "measured call")}.`;
}

/** What the measuring itself bounds. */
function method(report: Report): string {
  const every = report.latency_sampled_every;
  return (
    "Of the whole run. " +
    (every ? `One call in ${count(every)} was measured; ` : "") +
    `reading the clock takes ${nanoseconds(report.latency_timer_ns)}, which is subtracted, so how much less ` +
    "than that a call took is not known. " +
    "A clock with coarse steps leaves gaps between the bars."
  );
}

/** All bins of all distributions in a row. */
function rowsOf(all: readonly Distribution[]): { of: Distribution; bin: Bin }[] {
  return all.flatMap((of) => of.bins.map((bin) => ({ of, bin })));
}

function cursor(all: readonly Distribution[]): Cursor {
  const rows = rowsOf(all);
  return {
    columns: rows.length,
    rows: 1,
    text: (i) => {
      const { of, bin } = rows[i];
      return (
        `${of.title}, ${nanoseconds(bin.low)} to ${nanoseconds(bin.high)}: ` +
        `${counted(bin.count, "call")}, ${percent(partOf(bin, of))}.`
      );
    },
    place: (i) => ({
      x: Math.sqrt(rows[i].bin.low * rows[i].bin.high),
      y: partOf(rows[i].bin, rows[i].of) / 2,
      grid: all.indexOf(rows[i].of),
    }),
  };
}

function table(all: readonly Distribution[]): Table {
  const rows = rowsOf(all);
  return {
    name: "latencies",
    length: rows.length,
    columns: [
      { title: "calls", value: (i) => rows[i].of.title },
      { title: "from (ns)", value: (i) => rows[i].bin.low, text: (i) => nanoseconds(rows[i].bin.low) },
      { title: "to (ns)", value: (i) => rows[i].bin.high, text: (i) => nanoseconds(rows[i].bin.high) },
      { title: "measured", value: (i) => rows[i].bin.count, text: (i) => count(rows[i].bin.count) },
      {
        title: "part (%)",
        value: (i) => partOf(rows[i].bin, rows[i].of),
        text: (i) => percent(partOf(rows[i].bin, rows[i].of)),
      },
    ],
  };
}

function picture({ model }: Context): Picture {
  const { report } = model.data;
  const all = distributions(report);
  return {
    label: "How long allocations and frees took, on a logarithmic axis",
    summary: all.map(sentence).join(" "),
    height: all.length * EACH_HEIGHT,
    option: (theme) => latencyOption(all, theme, EACH_HEIGHT),
    cursor: cursor(all),
    table: table(all),
  };
}

function create(element: HTMLElement, context: Context): Instance {
  const figure = new Figure(element);
  const note = el("p", { class: "chart-hint" });
  figure.stage.after(note);
  const update = (next: Context): void => {
    const { report } = next.model.data;
    note.textContent = method(report);
    figure.show(picture(next), report);
  };
  update(context);
  return { update };
}

export default {
  id: "latency",
  title: "Latency",
  question: "How long do malloc and free take, mostly and at worst?",
  absent: ({ data }) =>
    distributions(data.report).length > 0
      ? null
      : data.report.mode === "count"
        ? "Not measured: count mode takes no times. --mode full or --mode sample does."
        : "Not measured: too few calls for the one in 64 that is timed, or CCMEM_MEASURE=0.",
  create,
} satisfies View;
