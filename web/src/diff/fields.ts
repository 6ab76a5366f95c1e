// SPDX-License-Identifier: MIT
// The figures of two programs side by side.
import type { Data, Diff, Report } from "../data/schema";
import {
  byteRate, bytes, change, count, exact, isBelow, nanoseconds, percent, rate, share, time, took, UNKNOWN,
} from "../format";
import { el } from "../ui/dom";

type Field = Diff["fields"][number];
interface Runs {
  old: Report;
  new: Report;
}
type Format = (value: number | null | undefined) => string;

/** Those that people ask for first, as they call them. */
const MAIN: Readonly<Record<string, string>> = {
  peak_allocated: "Peak",
  alloc_count: "Allocations",
  alloc_bytes: "Bytes allocated",
  leaked_bytes: "Bytes not freed",
  leaked_count: "Blocks not freed",
  peak_rss_bytes: "Peak of resident memory",
  temporary_count: "Temporary allocations",
  realloc_count: "Reallocations",
  cross_thread_free_count: "Frees by other threads",
  alloc_latency_p50: "Allocation, median time",
  alloc_latency_p99: "Allocation, 99th percentile",
  free_latency_p50: "Free, median time",
  free_latency_p99: "Free, 99th percentile",
  duration_seconds: "Duration",
};

/** By what a field's name says of its unit; the first that fits. */
const FORMATS: readonly (readonly [RegExp, Format])[] = [
  [/_seconds$|[_.]time$/, time],
  [/bytes_rate/, byteRate],
  [/_rate(_peak)?$/, rate],
  [/_samples$|_every$|_count$/, count],
  [/_latency_|_ns$/, nanoseconds],
  [/_pct$/, percent],
  [/^fragmentation\.(int|ext|util)/, (value) => value == null ? percent(value) : share(value, 1)],
  [/bytes|^(peak|current)_allocated$|largest_free_block|sample_interval/, bytes],
];

function formatOf(name: string): Format {
  return FORMATS.find(([pattern]) => pattern.test(name))?.[1] ?? exact;
}

/** What the clock and the system measure is never the same twice. */
const VARYING = /latency_|_rate(_peak)?$|_seconds$|[_.]time$|_rss_|^(fragmentation|lifetimes|trace)\./;

/** What a run's clock bounds. */
const CLOCKED = /_latency_(p\d+|mean)$/;

function told({ name }: Field, value: number | null, report: Report): string {
  return CLOCKED.test(name) ? took(value, report.latency_timer_ns) : formatOf(name)(value);
}

/** Of two times that are less than the clock takes nobody knows the difference. */
function isVague(field: Field, runs: Runs): boolean {
  return CLOCKED.test(field.name) && isBelow(field.old, runs.old.latency_timer_ns) &&
    isBelow(field.new, runs.new.latency_timer_ns);
}

function verdict({ name, change: by, significant }: Field): string {
  if (by === 0) return "the same";
  if (by === null || significant === null) return "not known";
  if (!significant) return "maybe chance";
  return VARYING.test(name) ? "varies from run to run" : "changed";
}

function row(field: Field, title: string, runs: Runs): HTMLElement {
  const vague = isVague(field, runs);
  const number = (column: string, text: string, value: number | null): HTMLElement =>
    el("td", { class: "number", "data-column": column, title: exact(value) }, text);
  const by = vague ? UNKNOWN : change(field.change, formatOf(field.name));
  const part = vague || field.change_pct === null ? "" : change(field.change_pct, percent);
  return el("tr", { "data-row": field.name },
    el("th", { scope: "row", title: field.name }, title),
    number("old", told(field, field.old, runs.old), field.old),
    number("new", told(field, field.new, runs.new), field.new),
    number("change", by, field.change),
    number("change_pct", part, field.change_pct),
    el("td", { "data-column": "significant" }, vague ? UNKNOWN : verdict(field)));
}

function table(label: string, rows: readonly HTMLElement[]): HTMLElement {
  const titles = ["Figure", "Old", "New", "Change", "In percent", "Verdict"];
  const head = el("tr", {}, ...titles.map((title, i) =>
    el("th", { scope: "col", class: i > 0 && i < 5 ? "number" : "" }, title)));
  return el("div", { class: "diff-fields", role: "region", tabindex: "0", "aria-label": label },
    el("table", {}, el("thead", {}, head), el("tbody", {}, ...rows)));
}

/** The main figures as a table, and all others behind a word. */
export function fieldTables({ report, diff }: Data): HTMLElement[] {
  const { fields, old } = diff!;
  const runs = { old: old.report, new: report };
  const known = fields.filter(({ old, new: now }) => old !== null || now !== null);
  const main = Object.entries(MAIN).flatMap(([name, title]) =>
    known.filter((field) => field.name === name).map((field) => row(field, title, runs)));
  const others = known.filter(({ name }) => !(name in MAIN)).map((field) => row(field, field.name, runs));
  return [table("Main figures", main), el("details", {},
    el("summary", {}, `All other figures (${count(others.length)})`), table("All other figures", others))];
}
