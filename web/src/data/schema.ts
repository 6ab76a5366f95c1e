// SPDX-License-Identifier: MIT
// The data of a page, ccmem-dashboard/1, as docs/formats/dashboard.md defines it.
//
// Tables are columns: arrays of equal length. Numbers of bytes and blocks are doubles; null is what is
// not known.

/** ccmem-report/1 without `sites` and `timeline`, which are tables here, and with the leaked blocks'
 * stacks left out: docs/report.md. */
export interface Report {
  schema: string;
  program: { argv: string[]; exe: string | null; pid: number; exit_status: number | null;
             signal: number | null; [more: string]: unknown };
  allocator: { serving: string; verified: boolean; method: string; reason: string;
               version: string | null; [more: string]: unknown };
  mode: "full" | "sample" | "count";
  estimated: boolean;
  [figure: string]: any;
}

/** Functions as they stand in stacks; `function` and the others are indexes of strings, 0 = "", not
 * known. */
export interface Frames {
  function: number[];
  file: number[];
  line: number[];
  module: number[];
  inlined: (0 | 1)[];
  offset?: number[]; // in the module, of a frame without a function; else 0
}

/** Stacks as a tree. Number 0 is the root, of which parent and frame mean nothing; a parent has the
 * smaller number, and is the caller. */
export interface Stacks {
  parent: number[];
  frame: number[];
}

/** The same order in all columns. In sample mode all but `stack` and the sizes are estimates, of which
 * lo and hi are the bounds of 95 %. */
export interface Sites {
  id: number[]; // as in ccmem-report/1 and in recommendations
  stack: number[]; // of stacks: its innermost frame
  alloc_count: number[];
  alloc_bytes: number[];
  free_count: number[];
  live_count: number[];
  live_bytes: number[];
  leaked_count: number[];
  leaked_bytes: number[];
  suppressed_bytes: number[];
  peak_bytes: number[];
  bytes_at_peak: number[];
  temporary_count: (number | null)[]; // not known of a sample
  realloc_count: (number | null)[];
  cross_thread_free_count: number[];
  mean_lifetime_ns: (number | null)[]; // null where nothing was freed
  min_size: (number | null)[]; // null where no block is known
  max_size: (number | null)[];
  distinct_sizes: number[];
  alloc_bytes_lo?: number[];
  alloc_bytes_hi?: number[];
  live_bytes_lo?: number[];
  live_bytes_hi?: number[];
}

/** Seconds since the start; of an interval that ends there. */
export interface Timeline {
  t: number[];
  allocated_bytes: number[];
  allocated_max_bytes: number[];
  rss_bytes: (number | null)[];
  alloc_rate: number[];
  free_rate: number[];
}

/** The run in equal slices of time, at most 64: what a selected range is made of. */
export interface Slices {
  edges: number[]; // seconds; one more than there are slices
  /** Blocks by where, in which slice they were allocated, and in which they were freed; born -1:
   * before the first one, died the number of slices: they live at the end. `site` is a row of sites. Row by row; none where all is zero. */
  blocks: { site: number[]; born: number[]; died: number[]; count: number[]; bytes: number[] };
  /** All other blocks: of sites that are not in the table, and of the rows `sites` of it, which have none of
   * their own above. */
  others?: { sites: number[]; born: number[]; died: number[]; count: number[]; bytes: number[] };
  /** Allocations by slice and size: count[slice * names.length + bucket]. */
  sizes: { names: string[]; count: number[] };
  /** By slice and thread (as in report.thread_stats): [slice * threads + thread]. */
  threads: { alloc_count: number[]; alloc_bytes: number[]; free_count: number[] };
}

/** Of `ccmem diff`: the page's own figures are those of the new run. */
export interface Diff {
  old: { report: Report; timeline: Timeline };
  /** As in the JSON of `ccmem diff`: docs/diff.md. */
  fields: { name: string; old: number | null; new: number | null; change: number | null;
            change_pct: number | null; significant: boolean | null }[];
  /** Beside the rows of sites, which are those of both runs; 0 where a site was not. */
  sites: { old_alloc_count: number[]; old_alloc_bytes: number[]; old_live_bytes: number[];
           old_leaked_bytes: number[]; old_bytes_at_peak: number[]; old_temporary_count: number[];
           significant: (0 | 1 | null)[];
           /** Rows of one number are one place: docs/diff.md. Its old figures stand at the first of them. */
           place?: number[] };
}

export interface Data {
  schema: "ccmem-dashboard/1";
  report: Report;
  strings: string[];
  frames: Frames;
  stacks: Stacks;
  sites: Sites;
  timeline: Timeline;
  slices: Slices | null; // none in count mode
  diff?: Diff;
}
