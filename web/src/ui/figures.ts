// SPDX-License-Identifier: MIT
// The key figures of a run; those that are not known are left out. Of a comparison each has what it
// was before beside it.
import type { Data, Report } from "../data/schema";
import {
  byteRate, bytes, change, count, counted, exact, isBelow, nanoseconds, percent, rate, time, took, unbroken,
} from "../format";
import { el } from "./dom";

interface Figure {
  /** In the JSON report. */
  readonly field: string;
  readonly title: string;
  readonly format: (value: number, report: Report) => string;
  /** What it means, or more of it. */
  readonly note?: (report: Report) => string;
}

const latency = (value: number, report: Report): string => took(value, report.latency_timer_ns);

/** Of the slowest calls. */
function slowest(p99: number | null, report: Report): string {
  return isBelow(p99, report.latency_timer_ns) ? "and so do 99 in a hundred"
    : `one in a hundred ${nanoseconds(p99)} or more`;
}

const FIGURES: readonly Figure[] = [
  { field: "peak_allocated", title: "Peak", format: bytes,
    note: (report) => report.peak_time === null ? "" : `${time(report.peak_time)} after the start` },
  { field: "peak_rss_bytes", title: "Resident at most", format: bytes,
    note: () => "as the system counts it" },
  { field: "leaked_bytes", title: "Not freed", format: bytes,
    note: (report) => `in ${counted(report.leaked_count, "block")}` },
  { field: "suppressed_bytes", title: "Suppressed", format: bytes, note: () => "not freed, and no leak" },
  { field: "alloc_bytes", title: "Allocated", format: bytes, note: (report) => byteRate(report.bytes_rate) },
  { field: "alloc_count", title: "Allocations", format: count, note: (report) => rate(report.alloc_rate) },
  { field: "free_count", title: "Frees", format: count, note: (report) => rate(report.free_rate) },
  { field: "temporary_count", title: "Temporary", format: count,
    note: (report) => percent((100 * report.temporary_count) / Math.max(1, report.alloc_count)) },
  { field: "cross_thread_free_count", title: "Freed by other threads", format: count,
    note: (report) => `${percent(report.cross_thread_free_pct)} of the frees` },
  { field: "alloc_latency_p50", title: "An allocation takes", format: latency,
    note: (report) => slowest(report.alloc_latency_p99, report) },
  { field: "free_latency_p50", title: "A free takes", format: latency,
    note: (report) => slowest(report.free_latency_p99, report) },
  { field: "duration_seconds", title: "Ran for", format: time },
];

/** These say nothing when they are 0. */
const ONLY_IF_ANY = new Set(["suppressed_bytes", "cross_thread_free_count"]);

function isShown(report: Report, { field }: Figure): boolean {
  const value: unknown = report[field];
  return typeof value === "number" && !(value === 0 && ONLY_IF_ANY.has(field));
}

/** "10.1 MiB to 14.3 MiB" of an estimate. */
function interval(report: Report, { field, format }: Figure): string {
  const bounds: unknown = report[`${field}_ci`];
  return Array.isArray(bounds) ? `95 %: ${format(bounds[0], report)} to ${format(bounds[1], report)}` : "";
}

function before(data: Data, { field, format }: Figure): string {
  const found = data.diff?.fields.find(({ name }) => name === field);
  if (!found || found.old === null) return "";
  if (found.change === 0) return "as before";
  const old = format(found.old, data.diff!.old.report);
  const by = found.change_pct === null || old.startsWith("<") ? "" : ` (${change(found.change_pct, percent)})`;
  return unbroken(`before: ${old}${by}`);
}

function box(title: string, field: string, value: number, text: string,
             notes: readonly string[]): HTMLElement {
  const lines = notes.filter((note) => note !== "").map((note) => el("span", { class: "note" }, note));
  return el("div", { class: "figure" }, el("dt", {}, title),
    el("dd", {}, el("span", { class: "value", "data-figure": field, title: exact(value) }, text), ...lines));
}

function shown(data: Data, figure: Figure): HTMLElement {
  const { report } = data;
  const value = Number(report[figure.field]);
  return box(figure.title, figure.field, value, figure.format(value, report),
    [figure.note?.(report) ?? "", interval(report, figure), before(data, figure)]);
}

export function figures(data: Data): HTMLElement {
  const threads = data.report.thread_stats.length;
  return el("dl", { class: "figures" },
    ...FIGURES.filter((figure) => isShown(data.report, figure)).map((figure) => shown(data, figure)),
    box("Threads", "thread_stats", threads, count(threads), []));
}
