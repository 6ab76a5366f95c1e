// SPDX-License-Identifier: MIT
// Stacks as a flame graph has them: sequences of functions, whatever the line of each call.
import { functionsOf } from "../data/functions";
import type { Functions } from "../data/functions";
import type { Data } from "../data/schema";

/** Calls, outermost first. */
export interface Calls {
  readonly function: Int32Array;
  readonly stack: Int32Array; // number of the call in data.stacks
}

/** The stacks of all sites side by side. That of row r begins at start[r], and ends where that of the
 * next one begins. */
export interface Paths extends Calls {
  readonly functions: Functions;
  readonly start: Int32Array;
}

interface Cached {
  plain?: Paths;
  folded?: Paths;
}

const cache = new WeakMap<Data, Cached>();

function cachedOf(data: Data): Cached {
  let cached = cache.get(data);
  if (!cached) cache.set(data, cached = {});
  return cached;
}

/** Cut recursion out of the calls between `start` and `end`, in place; returns their new end. A
 * function that is called again, by itself or through others, goes on where it was called first: so each is
 * on the path once, its callee is one that it has called, and the last one is that which allocated.
 * What was only called in between is left out; to keep it would make callers of functions that
 * never called.
 *
 * `seen` tells where a function was written last, and need not be cleared: it is asked whether it is true. */
function fold(path: Calls, start: number, end: number, seen: Int32Array): number {
  let to = start;
  for (let from = start; from < end; from++) {
    const called = path.function[from];
    const first = seen[called];
    if (first >= start && first < to && path.function[first] === called) to = first;
    seen[called] = to;
    path.function[to] = called;
    path.stack[to] = path.stack[from];
    to++;
  }
  return to;
}

/** By stack number: how many calls lead to it. A parent has the smaller number. */
function depths(parent: readonly number[]): Int32Array {
  const depth = new Int32Array(parent.length);
  for (let stack = 1; stack < depth.length; stack++) depth[stack] = depth[parent[stack]] + 1;
  return depth;
}

/** Write the calls up to a stack number so that they end at `end`. */
function write(data: Data, stack: number, path: Calls, end: number): void {
  const { of } = functionsOf(data);
  for (let at = stack; at > 0; at = data.stacks.parent[at]) {
    end--;
    path.function[end] = of[data.stacks.frame[at]];
    path.stack[end] = at;
  }
}

function makeCalls(count: number): Calls {
  return { function: new Int32Array(count), stack: new Int32Array(count) };
}

/** The way to a stack number. */
export function pathTo(data: Data, stack: number, recursion: boolean): Calls {
  let count = 0;
  for (let at = stack; at > 0; at = data.stacks.parent[at]) count++;
  const path = makeCalls(count);
  write(data, stack, path, count);
  if (recursion) count = fold(path, 0, count, new Int32Array(functionsOf(data).count));
  return { function: path.function.subarray(0, count), stack: path.stack.subarray(0, count) };
}

function build(data: Data, recursion: boolean): Paths {
  const rows = data.sites.stack;
  const depth = depths(data.stacks.parent);
  const path = makeCalls(rows.reduce((sum, stack) => sum + depth[stack], 0));
  const start = new Int32Array(rows.length + 1);
  const functions = functionsOf(data);
  const seen = new Int32Array(functions.count);
  for (let row = 0; row < rows.length; row++) {
    const end = start[row] + depth[rows[row]];
    write(data, rows[row], path, end);
    start[row + 1] = recursion ? fold(path, start[row], end, seen) : end;
  }
  return { functions, start, ...path };
}

/** The stacks of all sites; those of calls in a circle shortened when `recursion` is one. Cached. */
export function pathsOf(data: Data, recursion: boolean): Paths {
  const cached = cachedOf(data);
  if (recursion) return cached.folded ??= build(data, true);
  return cached.plain ??= build(data, false);
}
