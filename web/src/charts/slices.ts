// SPDX-License-Identifier: MIT
// The selected range in slices of time.
import { time } from "../format";
import type { State } from "../state";

/** Whether a slice is in the foreground. */
export function isSelected(selected: [number, number] | null, slice: number): boolean {
  return selected === null || (slice >= selected[0] && slice <= selected[1]);
}

/** A slice and back: choosing the one that is selected alone selects all. */
export function toggleSlice(state: Pick<State, "from" | "to">, slice: number): Pick<State, "from" | "to"> {
  const again = state.from === slice && state.to === slice;
  return again ? { from: null, to: null } : { from: slice, to: slice };
}

export function sliceText(edges: readonly number[], first: number, last = first): string {
  return `${time(edges[first] ?? 0)} to ${time(edges[last + 1] ?? 0)}`;
}

/** The slice that a time lies in. */
export function sliceAt(edges: readonly number[], at: number): number {
  const after = firstAbove(edges, at);
  return Math.min(Math.max(after - 1, 0), edges.length - 2);
}

/** Index of the first value above; the length where there is none. The values ascend. */
export function firstAbove(values: readonly number[], limit: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] > limit) high = middle;
    else low = middle + 1;
  }
  return low;
}
