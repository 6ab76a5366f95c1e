// SPDX-License-Identifier: MIT
// Sites of two runs side by side: which are the same place in the program, and what each counted.
//
// Several sites may be one place (docs/diff.md), of which the old figures stand at the first row. So do the
// new ones here, and the place goes by that row: its other rows count for nothing.
import type { Data, Diff, Sites } from "../data/schema";
import type { Weight } from "../state";

export interface Places {
  /** First row of each place. */
  readonly rows: Int32Array;
  /** First row of the place that a row belongs to, by row. */
  readonly first: Int32Array;
  /** By row: 1 the figures differ for sure, 0 perhaps by chance. */
  readonly significant: Uint8Array;
}

/** By row of data.sites. */
export interface Pair {
  readonly old: Float64Array;
  readonly new: Float64Array;
}

export type Kind = "appeared" | "vanished" | "grew" | "shrank" | "the same" | "maybe chance";

const places = new WeakMap<Diff, Places>();

function find(diff: Diff, count: number): Places {
  const of = diff.sites.place ?? Array.from({ length: count }, (_, row) => row);
  const firstOf = new Map<number, number>();
  const first = Int32Array.from({ length: count }, (_, row) => {
    if (!firstOf.has(of[row])) firstOf.set(of[row], row);
    return firstOf.get(of[row])!;
  });
  const significant = new Uint8Array(count);
  diff.sites.significant.forEach((value, row) => significant[first[row]] |= value ?? 0);
  return { rows: Int32Array.from(firstOf.values()), first, significant };
}

export function placesOf(data: Data): Places {
  const diff = data.diff!;
  let found = places.get(diff);
  if (!found) places.set(diff, found = find(diff, data.sites.id.length));
  return found;
}

function gather(column: readonly (number | null)[], first: Int32Array): Float64Array {
  const sums = new Float64Array(column.length);
  column.forEach((value, row) => sums[first[row]] += value ?? 0);
  return sums;
}

/** What places counted in the two runs. */
export function figuresOf(data: Data, weight: Weight): Pair {
  const { first } = placesOf(data);
  const name: `old_${Weight}` = `old_${weight}`;
  return { old: gather(data.diff!.sites[name], first), new: gather((data.sites as Sites)[weight], first) };
}

/** What became of a place, by what it allocated at all and by a figure. */
export function kindOf(allocated: Pair, figure: Pair, significant: boolean, row: number): Kind {
  const change = figure.new[row] - figure.old[row];
  if (!significant) return change === 0 ? "the same" : "maybe chance";
  if (allocated.old[row] === 0) return "appeared";
  if (allocated.new[row] === 0) return "vanished";
  return change > 0 ? "grew" : change < 0 ? "shrank" : "the same";
}
