// SPDX-License-Identifier: MIT
// Blocks by size and slice of time, of the sizes that occur.
import type { Data, Report, Slices } from "../data/schema";
import { bytes, count } from "../format";
import { brief } from "./axes";

export type Timed = Pick<Slices, "edges" | "sizes">;
/** Blocks of the whole run by size. */
export type Buckets = Record<string, number>;
export type Selected = [number, number] | null;

/** Sizes in use: from the first one to the last that occurs. */
export interface Sizes {
  readonly slices: Timed;
  readonly columns: number;
  readonly first: number;
  readonly rows: number;
  count(slice: number, row: number): number;
  /** "513 to 1,024 B", "over 64 KiB to 128 KiB". */
  range(row: number): string;
  /** As in the report. */
  name(row: number): string;
  /** "≤ 1 KiB": where there is less room. */
  short(row: number): string;
}

/** Sizes are told to the byte up to here. */
const EXACT = 65536;

export const bucketsOf = (report: Report): Buckets => report.size_histogram?.buckets ?? {};
const ends = (name: string) => (name.match(/\d+/g) ?? []).map(Number);

export function sizesOf(slices: Timed, exact: Buckets): Sizes {
  const { names, count: counts } = slices.sizes;
  const columns = slices.edges.length - 1;
  const used = names.map((name, bucket) => {
    if (exact[name] > 0) return true;
    for (let i = bucket; i < counts.length; i += names.length) if (counts[i] > 0) return true;
    return false;
  });
  const first = Math.max(used.indexOf(true), 0);
  const name = (row: number) => names[first + row] ?? "";
  return {
    slices,
    columns,
    first,
    rows: used.lastIndexOf(true) - first + 1,
    count: (slice, row) => counts[slice * names.length + first + row] ?? 0,
    name,
    range: (row) => {
      const [low, high] = ends(name(row));
      if (high === undefined) return `${name(row)} B`;
      return high <= EXACT ? `${count(low)} to ${count(high)} B` : `over ${bytes(low - 1)} to ${bytes(high)}`;
    },
    short: (row) => {
      const high = ends(name(row))[1];
      return high === undefined ? name(row) : `≤ ${brief(bytes(high))}`;
    },
  };
}

/** Without slices the sizes of the whole run, in one. */
export function slicesOf({ report, slices }: Data): Timed {
  if (slices) return slices;
  const buckets = bucketsOf(report);
  return {
    edges: [0, report.duration_seconds],
    sizes: { names: Object.keys(buckets), count: Object.values(buckets) },
  };
}

/** Blocks by row. Those of the whole run are exact, also where slices are made of samples. */
export function sums(sizes: Sizes, selected: Selected, report: Report): number[] {
  const exact = bucketsOf(report);
  if (!selected) return Array.from({ length: sizes.rows }, (_, row) => exact[sizes.name(row)] ?? 0);
  const [from, to] = selected;
  return Array.from({ length: sizes.rows }, (_, row) => {
    let sum = 0;
    for (let slice = from; slice <= to; slice++) sum += sizes.count(slice, row);
    return sum;
  });
}
