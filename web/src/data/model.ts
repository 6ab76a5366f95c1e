// SPDX-License-Identifier: MIT
// What the views ask of the data: sums over sites, stacks and ranges of time.
import type { Data, Slices } from "./schema";
import type { State, Weight } from "../state";

/** One call on a stack. */
export interface Frame {
  function: string; // of one that is not known, "libz.so+0x1f2e", or "?"
  known: boolean; // whether the function is
  file: string; // "" when not known
  line: number; // 0 when not known
  module: string;
  inlined: boolean;
}

/** What sites did within the selected range, or in the whole run; by row of data.sites. */
export interface Selection {
  readonly ranged: boolean;
  readonly seconds: [number, number];
  /** Blocks allocated within it, and their bytes. */
  readonly count: Float64Array;
  readonly bytes: Float64Array;
  /** Bytes live at its end, whenever they were allocated. */
  readonly live: Float64Array;
  /** Bytes allocated within it and live at its end; in the whole run those leaked. */
  readonly kept: Float64Array;
  /** Allocated within it by sites that are not told apart there, and so in none of these. */
  readonly unnamed: { readonly count: number; readonly bytes: number };
}

/** What a stack can count for, as people call it. */
export interface Weighing {
  readonly weight: Weight;
  readonly title: string;
  readonly unit: "bytes" | "blocks";
}

export interface Model {
  readonly data: Data;
  /** Rows of data.sites by id. */
  row(id: number): number | undefined;
  frame(stack: number): Frame; // innermost of a stack number; of 0 the root, "all"
  /** Innermost first, without the root. */
  stack(stack: number): Frame[];
  /** Cached: the same object while from and to are the same. */
  selection(state: Pick<State, "from" | "to">): Selection;
  /** What each row counts for. A weight that is not known for a range is that of `bytes`, and told by
   * weights(). */
  weigh(state: Pick<State, "from" | "to" | "weight">): Float64Array;
  /** Which weights there are for this program and selection. */
  weights(state: Pick<State, "from" | "to">): readonly Weighing[];
  /** Rows whose stack has a frame that the search names; all for "". Cached. */
  matching(search: string): Uint8Array;
}

/** First and last selected slice; null for the whole run, also where that is what was selected. */
export function selectedSlices(data: Data, state: Pick<State, "from" | "to">): [number, number] | null {
  const last = (data.slices?.edges.length ?? 0) - 2;
  if (last < 0 || (state.from === null && state.to === null)) return null;
  const within = (slice: number): number => Math.max(0, Math.min(last, slice));
  const ends = [within(state.from ?? 0), within(state.to ?? last)];
  const [from, to] = [Math.min(...ends), Math.max(...ends)];
  return from === 0 && to === last ? null : [from, to];
}

/** Numbers of a table, where null and what is missing is 0. */
const column = (values: readonly (number | null)[] | undefined, length: number): Float64Array =>
  values ? Float64Array.from(values, (value) => value ?? 0) : new Float64Array(length);

/** What each site did in the whole run, as it was counted: the blocks' sums may be estimates. */
function wholeRun(data: Data): Selection {
  const { sites, slices, report } = data;
  const length = sites.id.length;
  const seconds = slices?.edges.at(-1) ?? report.duration_seconds ?? 0;
  return {
    ranged: false, seconds: [slices?.edges[0] ?? 0, seconds],
    count: column(sites.alloc_count, length), bytes: column(sites.alloc_bytes, length),
    live: column(sites.live_bytes, length), kept: column(sites.leaked_bytes, length),
    unnamed: { count: 0, bytes: 0 },
  };
}

/** Blocks in a form that half a million of them are added up from in a few milliseconds. */
interface Blocks {
  site: Uint32Array;
  born: Int8Array; // -1: before the first slice
  died: Int8Array;
  count: Float64Array;
  bytes: Float64Array;
}

function packBlocks(blocks: Slices["blocks"]): Blocks {
  return {
    site: Uint32Array.from(blocks.site), born: Int8Array.from(blocks.born),
    died: Int8Array.from(blocks.died), count: Float64Array.from(blocks.count),
    bytes: Float64Array.from(blocks.bytes),
  };
}

/** As if they were one site. */
function packOthers(others: Slices["others"]): Blocks | null {
  return others ? packBlocks({ ...others, site: others.born.map(() => 0) }) : null;
}

/** One pass over the blocks: rows of them are few enough that an index would not pay. */
function addUp(blocks: Blocks, sites: number, from: number, to: number):
    Pick<Selection, "count" | "bytes" | "live" | "kept"> {
  const count = new Float64Array(sites), bytes = new Float64Array(sites);
  const live = new Float64Array(sites), kept = new Float64Array(sites);
  for (let i = 0; i < blocks.site.length; i++) {
    const born = blocks.born[i];
    if (born > to) continue;
    const site = blocks.site[i];
    const size = blocks.bytes[i];
    if (blocks.died[i] > to) live[site] += size;
    if (born < from) continue;
    count[site] += blocks.count[i];
    bytes[site] += size;
    if (blocks.died[i] > to) kept[site] += size;
  }
  return { count, bytes, live, kept };
}

function addUpOthers(others: Blocks | null, from: number, to: number): Selection["unnamed"] {
  if (!others) return { count: 0, bytes: 0 };
  const { count, bytes } = addUp(others, 1, from, to);
  return { count: count[0], bytes: bytes[0] };
}

/** For each stack whether it or one of its callers has a frame of which a name has `search` in it. */
function matchingStacks(data: Data, search: string): Uint8Array {
  const wanted = search.toLowerCase();
  const named = Uint8Array.from(data.strings, (text) => Number(text.toLowerCase().includes(wanted)));
  const { frames, stacks } = data;
  const found = Uint8Array.from(frames.function, (name, i) =>
    named[name] | named[frames.file[i]] | named[frames.module[i]]);
  const matches = new Uint8Array(stacks.parent.length);
  for (let i = 1; i < matches.length; i++) {
    matches[i] = matches[stacks.parent[i]] | found[stacks.frame[i]];
  }
  return matches;
}

const OF_RANGE: readonly Weighing[] = [
  { weight: "alloc_bytes", title: "Allocated", unit: "bytes" },
  { weight: "alloc_count", title: "Allocations", unit: "blocks" },
  { weight: "live_bytes", title: "Live at the end of the range", unit: "bytes" },
  { weight: "leaked_bytes", title: "Allocated in the range and kept", unit: "bytes" },
];

/** Suppressed blocks live, but do not leak: without them, what lives at the end is what leaked. */
function ofWholeRun({ report }: Data): Weighing[] {
  const weights: Weighing[] = [
    { weight: "bytes_at_peak", title: "Held at the peak", unit: "bytes" },
    { weight: "alloc_bytes", title: "Allocated", unit: "bytes" },
    { weight: "leaked_bytes", title: "Not freed", unit: "bytes" },
    { weight: "alloc_count", title: "Allocations", unit: "blocks" },
  ];
  if (report.temporary_count !== null) {
    weights.push({ weight: "temporary_count", title: "Temporary allocations", unit: "blocks" });
  }
  if (report.suppressed_bytes > 0) {
    weights.push({ weight: "live_bytes", title: "Live at the end", unit: "bytes" });
  }
  return weights;
}

/** The last answer, kept until something else is asked. */
function remember<Key extends string | number, Answer>(make: (key: Key) => Answer): (key: Key) => Answer {
  let last: { key: Key; answer: Answer } | undefined;
  return (key) => (last?.key === key ? last : (last = { key, answer: make(key) })).answer;
}

/** A function without a name goes by its place in its module. */
function nameless(module: string, offset: number | undefined): string {
  return module && offset ? `${module.split("/").pop()}+0x${offset.toString(16)}` : "?";
}

const ROOT: Frame = { function: "all", known: true, file: "", line: 0, module: "", inlined: false };

class DataModel implements Model {
  readonly data: Data;
  private readonly rows: Map<number, number>;
  private readonly blocks: Blocks | null;
  private readonly others: Blocks | null;
  private readonly whole: Selection;

  constructor(data: Data) {
    this.data = data;
    this.rows = new Map(data.sites.id.map((id, row) => [id, row]));
    this.blocks = data.slices && packBlocks(data.slices.blocks);
    this.others = packOthers(data.slices?.others);
    this.whole = wholeRun(data);
  }

  row(id: number): number | undefined {
    return this.rows.get(id);
  }

  frame(stack: number): Frame {
    if (stack === 0) return ROOT;
    const { frames, stacks, strings } = this.data;
    const i = stacks.frame[stack];
    const name = strings[frames.function[i]];
    const module = strings[frames.module[i]];
    return {
      function: name || nameless(module, frames.offset?.[i]), known: name !== "",
      file: strings[frames.file[i]], line: frames.line[i], module, inlined: frames.inlined[i] === 1,
    };
  }

  stack(stack: number): Frame[] {
    const frames: Frame[] = [];
    for (let i = stack; i !== 0; i = this.data.stacks.parent[i]) frames.push(this.frame(i));
    return frames;
  }

  /** A range as one number: slices are few. */
  private readonly ranged = remember((ends: number): Selection => {
    const [from, to] = [Math.floor(ends / 1000), ends % 1000];
    const edges = this.data.slices!.edges;
    return { ranged: true, seconds: [edges[from], edges[to + 1]],
      ...addUp(this.blocks!, this.data.sites.id.length, from, to),
      unnamed: addUpOthers(this.others, from, to) };
  });

  selection(state: Pick<State, "from" | "to">): Selection {
    const range = selectedSlices(this.data, state);
    return range ? this.ranged(range[0] * 1000 + range[1]) : this.whole;
  }

  weigh(state: Pick<State, "from" | "to" | "weight">): Float64Array {
    const selection = this.selection(state);
    switch (state.weight) {
      case "alloc_bytes": return selection.bytes;
      case "alloc_count": return selection.count;
      case "live_bytes": return selection.live;
      case "leaked_bytes": return selection.kept;
      default: return selection.ranged ? selection.bytes : this.ofWhole(state.weight);
    }
  }

  private readonly ofWhole = remember((weight: "bytes_at_peak" | "temporary_count") =>
    column(this.data.sites[weight], this.data.sites.id.length));

  weights(state: Pick<State, "from" | "to">): readonly Weighing[] {
    return selectedSlices(this.data, state) ? OF_RANGE : ofWholeRun(this.data);
  }

  readonly matching = remember((search: string): Uint8Array => {
    const { stack } = this.data.sites;
    if (search === "") return new Uint8Array(stack.length).fill(1);
    const stacks = matchingStacks(this.data, search);
    return Uint8Array.from(stack, (number) => stacks[number]);
  });
}

export const createModel = (data: Data): Model => new DataModel(data);
