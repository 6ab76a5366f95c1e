// SPDX-License-Identifier: MIT
// View 5: what each thread allocated and freed, over time.
import { Figure } from "../charts/figure";
import { highest, marginsOf, rowHeight, threadsOption } from "../charts/threads";
import type { Activity } from "../charts/threads";
import type { Cursor, Picture, Table } from "../charts/picture";
import { Shade } from "../charts/shade";
import { sliceText, toggleSlice } from "../charts/slices";
import { threadName, threadsOf } from "../charts/names";
import type { Thread } from "../charts/names";
import { selectedSlices } from "../data/model";
import type { Data, Report } from "../data/schema";
import { bytes, count, counted, share, took } from "../format";
import { el } from "../ui/dom";
import type { Context, Instance, View } from "../ui/view";

/** Threads with a row of their own; the others share one. */
const MOST = 64;

type Measure = "alloc_count" | "alloc_bytes" | "free_count";

/** A thread's figure in a slice; without slices in the whole run. */
function figure(data: Data, measure: Measure, thread: number, slice: number): number {
  const threads = threadsOf(data.report);
  return data.slices
    ? (data.slices.threads[measure][slice * threads.length + thread] ?? 0)
    : (threads[thread][measure] ?? 0);
}

const sliceCount = ({ slices }: Data) => (slices ? slices.edges.length - 1 : 1);

/** A thread's figure in what is selected: the report's own where that is all. */
function selectedFigure(
  data: Data,
  measure: Measure,
  thread: number,
  selected: [number, number] | null,
): number {
  if (!selected) return threadsOf(data.report)[thread][measure] ?? 0;
  let sum = 0;
  for (let slice = selected[0]; slice <= selected[1]; slice++) sum += figure(data, measure, thread, slice);
  return sum;
}

/** The busiest first, each alone or, the last ones, together. */
function rowsOf(data: Data): number[][] {
  const threads = threadsOf(data.report);
  const busy = (thread: number) => threads[thread].alloc_count + (threads[thread].free_count ?? 0);
  const order = threads.map((_, i) => i).sort((a, b) => busy(b) - busy(a));
  if (order.length <= MOST) return order.map((thread) => [thread]);
  return [...order.slice(0, MOST - 1).map((thread) => [thread]), order.slice(MOST - 1)];
}

function rowName(data: Data, row: readonly number[]): string {
  return row.length === 1 ? threadName(data.report, row[0]) : `${count(row.length)} others`;
}

function activity(data: Data): Activity {
  const rows = rowsOf(data);
  const sum = (measure: Measure, row: number, slice: number) =>
    rows[row].reduce((all, thread) => all + figure(data, measure, thread, slice), 0);
  return {
    names: rows.map((row) => rowName(data, row)),
    columns: sliceCount(data),
    edges: data.slices?.edges ?? null,
    allocs: (slice, row) => sum("alloc_count", row, slice),
    frees: (slice, row) => sum("free_count", row, slice),
    bytes: (slice, row) => sum("alloc_bytes", row, slice),
  };
}

function crossSentence(report: Report): string {
  const crossed: number | null = report.cross_thread_free_count;
  if (crossed === null) return "Frees by other threads are not known.";
  return crossed === 0
    ? "No block was freed by another thread than its own."
    : `Another thread than their own freed ${counted(crossed, "block")} in the whole run.`;
}

function summary(data: Data, selected: [number, number] | null): string {
  const { report } = data;
  const threads = threadsOf(report);
  const allocs = threads.map((_, thread) => selectedFigure(data, "alloc_count", thread, selected));
  const all = allocs.reduce((sum, value) => sum + value, 0);
  const busiest = allocs.indexOf(Math.max(...allocs));
  const when =
    selected && data.slices ? `From ${sliceText(data.slices.edges, ...selected)}` : "In the whole run";
  const about = selected && report.estimated ? "about " : "";
  if (threads.length === 1) {
    return `${when} the only thread, ${threadName(report, 0)}, made ${about}${counted(all, "allocation")}.`;
  }
  return (
    `${when} ${counted(threads.length, "thread")} made ${about}${counted(all, "allocation")}; ` +
    `${threadName(report, busiest)} made most, ${count(allocs[busiest])} ` +
    `(${share(allocs[busiest], all)}). ${crossSentence(report)}`
  );
}

function timeText(what: Activity, slice: number): string {
  return what.edges ? sliceText(what.edges, slice) : "the whole run";
}

function cursor(what: Activity, context: Context): Cursor {
  const last = what.names.length - 1;
  return {
    columns: what.columns,
    rows: what.names.length,
    // The first row stands on top, and up is upward.
    text: (slice, up) => {
      const row = last - up;
      const allocs = counted(what.allocs(slice, row), "allocation");
      const frees = counted(what.frees(slice, row), "free");
      return `${what.names[row]}, ${timeText(what, slice)}: ${allocs}, ${frees}.`;
    },
    place: (slice, up) => ({ x: slice, y: last - up }),
    choose: (slice) => what.edges && context.change(toggleSlice(context.state, slice)),
  };
}

function table(data: Data, selected: [number, number] | null): Table {
  const threads = threadsOf(data.report);
  const order = rowsOf(data).flat();
  const column = (
    title: string,
    value: (thread: Thread, index: number) => number | null,
    text: (value: number | null) => string,
  ) => ({
    title,
    value: (row: number) => value(threads[order[row]], order[row]),
    text: (row: number) => text(value(threads[order[row]], order[row])),
  });
  const latency = (value: number | null) => took(value, data.report.latency_timer_ns);
  const measured = (title: string, measure: Measure, text: (value: number | null) => string) =>
    column(title, (_, i) => selectedFigure(data, measure, i, selected), text);
  return {
    name: "threads",
    length: order.length,
    columns: [
      { title: "thread", value: (row) => threads[order[row]].thread_name ?? "" },
      column("id", (thread) => thread.thread_id, String),
      measured("allocations", "alloc_count", count),
      measured("allocated (bytes)", "alloc_bytes", bytes),
      measured("frees", "free_count", count),
      column("its blocks freed by others", (thread) => thread.cross_thread_frees_sent, count),
      column("blocks of others it freed", (thread) => thread.cross_thread_frees_received, count),
      column("allocation p50 (ns)", (thread) => thread.alloc_latency_p50, latency),
      column("allocation p99 (ns)", (thread) => thread.alloc_latency_p99, latency),
      column("free p99 (ns)", (thread) => thread.free_latency_p99, latency),
    ],
  };
}

function picture(context: Context): Picture {
  const { data } = context.model;
  const selected = selectedSlices(data, context.state);
  const what = activity(data);
  return {
    label:
      `Allocations, up, and frees, down, of ${counted(what.names.length, "thread")} over time; ` +
      `the highest bar is ${counted(highest(what), "call")}`,
    summary: summary(data, selected),
    height: 60 + what.names.length * rowHeight(what.names.length),
    option: (theme, width) => threadsOption(what, theme, width),
    cursor: cursor(what, context),
    table: table(data, selected),
  };
}

function create(element: HTMLElement, context: Context): Instance {
  let now = context;
  const figure = new Figure(element, () => place());
  const shade = new Shade(figure.stage);
  const place = (): void => {
    const { data } = now.model;
    shade.showSlices(selectedSlices(data, now.state), sliceCount(data), marginsOf(figure.stage.clientWidth));
  };
  figure.stage.after(
    el(
      "p",
      { class: "chart-hint" },
      "Allocations go up from each thread's line, frees down, all on one scale: twice the height is four " +
        "times as many. Frees by other threads, and latencies, stand in the table, of the whole run.",
    ),
  );
  const update = (next: Context): void => {
    now = next;
    figure.show(picture(now), now.model.data);
    place();
  };
  update(context);
  return { update };
}

export default {
  id: "threads",
  title: "Threads",
  question: "Which threads allocate, and which free?",
  absent: ({ data }) => (threadsOf(data.report).length > 0 ? null : "No thread allocated anything."),
  create,
} satisfies View;
