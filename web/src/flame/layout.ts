// SPDX-License-Identifier: MIT
// From what sites count for to boxes.
//
// The rows of sites are sorted like words by their letters: those below one box are split by their next
// function, the heaviest first, and so on within each part. Parts that are too narrow to be seen are
// summed up instead of being split, so that the work depends on what is seen. A tree of all
// stacks, summed from its leaves, would visit more than a million of calls for a picture of thousands.
//
// Invariant: a box weighs what its children and its own allocations weigh (checkSums of the tests).
import type { Paths } from "./paths";
import { invertedKey, type Step } from "./zoom";

/** A function that was called the same way; or several that are too narrow to be shown. */
export interface Box {
  readonly parent: Box | null; // null: it fills the graph
  readonly children: Box[]; // heaviest first; the narrow ones, as one box, last
  readonly depth: number; // below the box that fills the graph
  readonly stack: number; // one of the stacks it stands for; 0 is all
  readonly key: number; // as in State.zoom
  readonly offset: number; // weight beside it, from the left edge of the graph
  readonly weight: number;
  readonly other: number; // of the other run, in a diff
  readonly rows: readonly [number, number]; // within Layout.order
  readonly smaller: number; // how many boxes were summed up; else 0
  self: number; // allocated by the function itself; inverted: by stacks that begin with it
}

export interface Layout {
  readonly root: Box;
  readonly boxes: Box[]; // callers before callees, from left to right in each parent
  readonly depth: number; // of the deepest box
  readonly order: Int32Array; // rows of data.sites: those of a box side by side
  /** The stack that a row of a box stands for in it. */
  stackIn(box: Box, row: number): number;
}

export interface Options {
  weights: Float64Array;
  /** In a diff, what each row counts for in the run that does not give the width. */
  other?: Float64Array;
  inverted: boolean;
  /** The calls up to the box that fills the graph. */
  zoom: readonly Step[];
  /** What a box must at least weigh to be shown, as a part of all that is. */
  narrowest: number;
}

/** Rows that are below one box and have the same function next. */
interface Part {
  function: number;
  first: number; // one of its rows
  count: number;
  weight: number;
  other: number;
}

class Builder {
  readonly order: Int32Array;
  private readonly partOf: Int32Array; // of a function: number of the part that is being made
  private readonly choice: Int32Array; // of a place in order: number of its part, -1 without
  private readonly moved: Int32Array;

  constructor(private readonly paths: Paths, private readonly options: Options) {
    this.order = this.select();
    this.partOf = new Int32Array(paths.functions.count).fill(-1);
    this.choice = new Int32Array(this.order.length);
    this.moved = new Int32Array(this.order.length);
  }

  /** Where the call number `depth` of a row stands in the paths; -1 when it has not that many. */
  private place(row: number, depth: number): number {
    const { start } = this.paths;
    const from = start[row], to = start[row + 1];
    if (depth >= to - from) return -1;
    return this.options.inverted ? to - 1 - depth : from + depth;
  }

  private isZoomed(row: number): boolean {
    return this.options.zoom.every((step, depth) => {
      const at = this.place(row, depth);
      return at >= 0 && this.paths.function[at] === step.function;
    });
  }

  /** The rows that weigh anything, in either run, below the box that fills the graph. */
  private select(): Int32Array {
    const { weights, other } = this.options;
    const rows = new Int32Array(weights.length);
    let count = 0;
    for (let row = 0; row < weights.length; row++) {
      if ((weights[row] > 0 || (other && other[row] > 0)) && this.isZoomed(row)) rows[count++] = row;
    }
    return rows.subarray(0, count);
  }

  private weigh(row: number): number {
    return Math.max(0, this.options.weights[row]);
  }

  private weighOther(row: number): number {
    return this.options.other ? Math.max(0, this.options.other[row]) : 0;
  }

  root(): Box {
    let weight = 0, other = 0;
    for (const row of this.order) {
      weight += this.weigh(row);
      other += this.weighOther(row);
    }
    const { stack, key } = this.options.zoom.at(-1) ?? { stack: 0, key: 0 };
    return {
      parent: null, children: [], depth: 0, stack, key, offset: 0, weight, other, self: 0,
      rows: [0, this.order.length], smaller: 0,
    };
  }

  /** The stack of a row up to the call at this depth below what fills the graph. */
  stackAt(row: number, depth: number): number {
    const at = this.place(row, this.options.zoom.length + depth - 1);
    return at < 0 ? 0 : this.paths.stack[at];
  }

  /** What the rows of a box call next. Their choice is noted. */
  private parts(box: Box): Part[] {
    const level = this.options.zoom.length + box.depth;
    const parts: Part[] = [];
    for (let i = box.rows[0]; i < box.rows[1]; i++) {
      const row = this.order[i];
      const at = this.place(row, level);
      if (at < 0) {
        this.choice[i] = -1;
        box.self += this.weigh(row);
        continue;
      }
      const part = this.partFor(parts, this.paths.function[at], row);
      this.choice[i] = part;
      parts[part].count++;
      parts[part].weight += this.weigh(row);
      parts[part].other += this.weighOther(row);
    }
    for (const part of parts) this.partOf[part.function] = -1;
    return parts;
  }

  private partFor(parts: Part[], number: number, row: number): number {
    const known = this.partOf[number];
    if (known >= 0) return known;
    parts.push({ function: number, first: row, count: 0, weight: 0, other: 0 });
    return this.partOf[number] = parts.length - 1;
  }

  /** Put the rows of a box in the order of its parts, and those that call nothing last. Returns where each
   * part begins. */
  private sort(box: Box, parts: Part[], sorted: number[]): Int32Array {
    const [from, to] = box.rows;
    const begin = new Int32Array(parts.length);
    let end = from;
    for (const part of sorted) {
      begin[part] = end;
      end += parts[part].count;
    }
    const next = begin.slice();
    for (let i = from; i < to; i++) {
      const part = this.choice[i];
      this.moved[part < 0 ? end++ : next[part]++] = this.order[i];
    }
    this.order.set(this.moved.subarray(from, to), from);
    return begin;
  }

  private keyOf(stack: number, row: number, level: number): number {
    if (!this.options.inverted) return stack;
    return invertedKey(this.paths.stack[this.paths.start[row + 1] - 1], level);
  }

  /** One box for a part. */
  private child(box: Box, part: Part, begin: number, offset: number): Box {
    const level = this.options.zoom.length + box.depth;
    const stack = this.paths.stack[this.place(part.first, level)];
    return {
      parent: box, children: [], depth: box.depth + 1, stack,
      key: this.keyOf(stack, part.first, level + 1), offset, weight: part.weight, other: part.other,
      self: 0, rows: [begin, begin + part.count], smaller: 0,
    };
  }

  /** One box for parts that are too narrow, which stand side by side. All is said to be their own. */
  private rest(box: Box, narrow: Part[], begin: number, offset: number): Box {
    const sum = (of: (part: Part) => number) => narrow.reduce((total, part) => total + of(part), 0);
    const weight = sum((part) => part.weight);
    return {
      parent: box, children: [], depth: box.depth + 1, stack: 0, key: 0, offset, weight,
      other: sum((part) => part.other), self: weight,
      rows: [begin, begin + sum((part) => part.count)], smaller: narrow.length,
    };
  }

  /** The boxes on top of one. */
  split(box: Box, narrowest: number): void {
    const parts = this.parts(box);
    if (parts.length === 0) return;
    const sorted = parts.map((_, i) => i)
      .sort((a, b) => parts[b].weight - parts[a].weight || parts[a].function - parts[b].function);
    const begin = this.sort(box, parts, sorted);
    let offset = box.offset, shown = 0;
    for (const number of sorted) {
      const part = parts[number];
      if (part.weight < narrowest || part.weight === 0) break;
      box.children.push(this.child(box, part, begin[number], offset));
      offset += part.weight;
      shown++;
    }
    const narrow = sorted.slice(shown);
    if (narrow.length > 0) {
      box.children.push(this.rest(box, narrow.map((i) => parts[i]), begin[narrow[0]], offset));
    }
  }
}

/** Lay out what the weights show. O(rows of what is seen x depth). */
export function layout(paths: Paths, options: Options): Layout {
  const builder = new Builder(paths, options);
  const root = builder.root();
  const narrowest = root.weight * options.narrowest;
  const boxes = [root];
  // Breadth first; boxes grows while it is gone through.
  for (const box of boxes) {
    if (box.smaller > 0) continue;
    builder.split(box, narrowest);
    boxes.push(...box.children);
  }
  return {
    root, boxes, depth: boxes[boxes.length - 1].depth, order: builder.order,
    stackIn: (box, row) => builder.stackAt(row, box.depth),
  };
}

/** Functions from the one that fills the graph down to a box, which is the last. */
export function callers(box: Box): Box[] {
  const way: Box[] = [];
  for (let at: Box | null = box; at; at = at.parent) way.push(at);
  return way.reverse();
}
