// SPDX-License-Identifier: MIT
// The columns of the sites table: those that are known of this program and of the selected range.
import type { Model } from "../data/model";
import type { Sites } from "../data/schema";
import { bytes, count, nanoseconds } from "../format";
import type { State } from "../state";
import { el } from "./dom";
import type { Child } from "./dom";
import { siteName } from "./names";
import { parseSort } from "./order";
import type { Column } from "./table";

type Format = (value: number | null) => string;
type Numbers = ArrayLike<number | null>;

function numbers(id: string, title: string, values: Numbers, format: Format, hint: string): Column {
  return { id, title, hint, numeric: true, value: (row) => values[row], cell: (row) => format(values[row]) };
}

/** What a site is called, and by whom it is. */
export function nameColumn(model: Model): Column {
  const { stack } = model.data.sites;
  return {
    id: "site", title: "Site", numeric: false, hint: "Where it is allocated, and by whom that is called",
    value: (row) => siteName(model, stack[row]).name,
    cell: (row) => {
      const { name, place, way } = siteName(model, stack[row]);
      return el("span", { class: "site" },
        el("span", {}, el("span", { class: "name" }, name), " ", el("span", { class: "place" }, place)), " ",
        el("span", { class: "callers" }, way));
    },
  };
}

/** An estimate has its bounds below it, where they differ from it. */
function bounded(column: Column, lo: Numbers | undefined, hi: Numbers | undefined, format: Format): Column {
  if (!lo || !hi) return column;
  const cell = (row: number): Child => {
    const value = column.cell!(row);
    const bounds = [format(lo[row]), format(hi[row])];
    return bounds.every((bound) => bound === value) ? value
      : el("span", {}, value, " ", el("span", { class: "interval" }, bounds.join(" to ")));
  };
  return { ...column, hint: `${column.hint}; with the bounds of 95 %`, cell };
}

/** For CSV: the bounds as columns of their own. */
function boundColumns(sites: Sites, name: "alloc_bytes" | "live_bytes"): Column[] {
  const [lo, hi] = [sites[`${name}_lo`], sites[`${name}_hi`]];
  return lo && hi ? [numbers(`${name}_lo`, "At least", lo, bytes, "95 %"),
    numbers(`${name}_hi`, "At most", hi, bytes, "95 %")] : [];
}

const HINTS = {
  live: "Bytes that are live at the end of the range, whenever they were allocated",
  kept: "Bytes that were allocated in the range and are live at its end",
};

function ofRange(model: Model, state: State): Column[] {
  const { bytes: size, count: blocks, live, kept } = model.selection(state);
  return [
    numbers("alloc_bytes", "Allocated", size, bytes, "Bytes that were asked for in the range"),
    numbers("alloc_count", "Allocations", blocks, count, "Blocks that were allocated in the range"),
    numbers("live_bytes", "Live at its end", live, bytes, HINTS.live),
    numbers("leaked_bytes", "Kept", kept, bytes, HINTS.kept),
  ];
}

/** Lifetimes are not known of what was never freed. */
const lifetime: Format = (value) => value === null ? "" : nanoseconds(value);

/** The bounds are of what lives; where nothing is suppressed, that is what was not freed. */
function atTheEnd(sites: Sites, suppressed: boolean): Column[] {
  const leaked = numbers("leaked_bytes", "Not freed", sites.leaked_bytes, bytes,
    "Bytes that live at the end, without suppressed ones");
  if (!suppressed) return [bounded(leaked, sites.live_bytes_lo, sites.live_bytes_hi, bytes)];
  const live = numbers("live_bytes", "Live at the end", sites.live_bytes, bytes,
    "Bytes, suppressed ones, too");
  return [leaked, bounded(live, sites.live_bytes_lo, sites.live_bytes_hi, bytes)];
}

function ofWholeRun(model: Model): Column[] {
  const { sites, report } = model.data;
  const allocated = numbers("alloc_bytes", "Allocated", sites.alloc_bytes, bytes, "Bytes in all");
  const temporary = numbers("temporary_count", "Temporary", sites.temporary_count, count,
    "Blocks that were freed by the thread's very next call");
  return [
    numbers("bytes_at_peak", "At the peak", sites.bytes_at_peak, bytes,
      "Bytes held when the program held the most"),
    bounded(allocated, sites.alloc_bytes_lo, sites.alloc_bytes_hi, bytes),
    numbers("alloc_count", "Allocations", sites.alloc_count, count, "Blocks in all"),
    ...atTheEnd(sites, report.suppressed_bytes > 0),
    ...(report.temporary_count === null ? [] : [temporary]),
    numbers("peak_bytes", "Most", sites.peak_bytes, bytes, "The most that the site held at any time"),
    numbers("mean_lifetime_ns", "Lifetime", sites.mean_lifetime_ns, lifetime,
      "Mean of the blocks that were freed"),
  ];
}

export function siteColumns(model: Model, state: State): Column[] {
  const { ranged } = model.selection(state);
  return [nameColumn(model), ...(ranged ? ofRange(model, state) : ofWholeRun(model))];
}

/** What people look for first. More leave no room for names. */
const FIRST = new Set(["site", "bytes_at_peak", "alloc_bytes", "alloc_count", "leaked_bytes"]);

/** Those of all columns that stand in the table: what it is sorted by always does. */
export function shownColumns(all: readonly Column[], state: State): readonly Column[] {
  if (state.columns === "all" || all.length <= FIRST.size) return all;
  const sorted = parseSort(state.sort).column;
  return all.filter(({ id }) => FIRST.has(id) || id === sorted);
}

/** What is only in the file: the bounds, and the whole stack on one line. */
export function fileColumns(model: Model, columns: readonly Column[]): Column[] {
  const { sites } = model.data;
  const line = (row: number): string => model.stack(sites.stack[row])
    .map((frame) => `${frame.function} (${frame.file || frame.module}:${frame.line})`).join(" < ");
  return [numbers("id", "Number", sites.id, count, ""), ...columns,
    ...boundColumns(sites, "alloc_bytes"), ...boundColumns(sites, "live_bytes"),
    { id: "stack", title: "Stack", numeric: false, value: line }];
}
