// SPDX-License-Identifier: MIT
// Made-up data of pages, ccmem-dashboard/1, of which everything is known.
//
// A run is a list of rows: so many blocks of a size, of a site, allocated in one slice and freed in
// another. All tables and figures are sums over these rows, so they agree with each other as those of
// a recorded run do.
import { makeReport } from "./made/report.mjs";
import { liveBySlice, makeRows, makeSlices, makeStacks, makeTimeline, siteColumns, zeros }
  from "./made/tables.mjs";

const KNOBS = {
  mode: "full",
  sites: 40,
  threads: 4,
  points: 500,
  slices: 16,
  depth: 6,
  rows: 4, // of each site
  scale: 1, // what sizes are multiplied with
  seconds: 8,
  seed: 1,
  name: (i) => `function_${i}`,
  thread: (i) => `worker-${i}`,
};

/** A page's data by knobs, of which those not given are the usual ones. */
export function make(knobs = {}) {
  const k = { ...KNOBS, ...knobs };
  const rows = k.made ?? makeRows(k);
  const strings = [""];
  const live = liveBySlice(rows, k.slices);
  const peakSlice = Math.max(0, live.indexOf(live.reduce((a, b) => Math.max(a, b), 0)));
  const { frames, stacks, of } = makeStacks(k, strings);
  const sites = siteColumns(k, rows, peakSlice, of);
  const slices = makeSlices(k, rows);
  const allocated = zeros(k.slices);
  for (const r of rows) allocated[r.born] += r.count;
  const report = makeReport(k, rows, { sites, slices, live, peakSlice });
  const timeline = makeTimeline(k, live, allocated);
  return { schema: "ccmem-dashboard/1", report, strings, frames, stacks, sites, timeline, slices };
}

/** What is known without stacks: totals, sizes, threads and resident memory. */
function counted() {
  const data = make({ mode: "count" });
  const none = Object.fromEntries(Object.keys(data.sites).map((name) => [name, []]));
  const nothing = { function: [], file: [], line: [], module: [], inlined: [] };
  return { ...data, strings: [""], frames: nothing, stacks: { parent: [0], frame: [0] }, sites: none,
           slices: null, report: { ...data.report, site_count: 0 } };
}

const COMPARED = ["alloc_count", "free_count", "alloc_bytes", "free_bytes", "current_allocated",
                  "peak_allocated", "temporary_count", "leaked_count", "leaked_bytes"];

/** The new run does a part of what the old one did, and some sites are in one of them alone. */
function compared() {
  const old = make({ seed: 7, rows: 8 });
  const data = make({ seed: 8, rows: 2 });
  const column = (name) => old.sites[name].map((v, i) => (i % 10 === 3 ? 0 : v));
  const change = (a, b) => ({ old: a, new: b, change: b - a, change_pct: a ? (100 * (b - a)) / a : null,
                              significant: a !== b });
  const names = ["alloc_count", "alloc_bytes", "live_bytes", "leaked_bytes", "bytes_at_peak",
                 "temporary_count"];
  data.diff = {
    old: { report: old.report, timeline: old.timeline },
    fields: COMPARED.map((name) => ({ name, ...change(old.report[name], data.report[name]) })),
    sites: { ...Object.fromEntries(names.map((name) => [`old_${name}`, column(name)])),
             significant: data.sites.id.map((id) => (id % 3 === 0 ? null : id % 3 - 1)) },
  };
  return data;
}

const HOSTILE = [
  "</script><script>window.broken = 1</script>",
  "<img src=x onerror=\"window.broken = 1\">",
  "\"quoted\" and 'quoted' & <b>bold</b>",
  "not \u{fffd}\u{fffd} UTF-8",
  "\u202eright to left\u0000\u0007\n\ttab",
  "std::map<" + "std::vector<int>, ".repeat(250) + ">",
  "<!--ccmem-data-->",
  "\u{1f600} __proto__ ${window.broken = 1}",
  "constructor",
];
const LONG_NAME = "long_".repeat(820).slice(0, 4096);

const hostileName = (i) => HOSTILE[i] ?? (i === HOSTILE.length ? LONG_NAME : `function_${i}`);

function hostile() {
  const data = make({ sites: 14, name: hostileName, thread: (i) => HOSTILE[i % HOSTILE.length] });
  data.report.program.argv = ["./<script>window.broken = 1</script>", ...HOSTILE, LONG_NAME];
  data.report.program.exe = HOSTILE[1];
  data.report.recommendations[0].text = HOSTILE[0];
  data.report.allocator.reason = HOSTILE[1];
  return data;
}

const ONE_EVENT = { site: 0, born: 0, died: 1, count: 1, size: 24, thread: 0, freer: 0 };

/** By name, what the tests open; made when asked for. */
export const CASES = {
  usual: () => make(),
  empty: () => make({ sites: 0, rows: 0, threads: 1, points: 1, slices: 1 }),
  "one-event": () => make({ sites: 1, threads: 1, points: 1, slices: 1, made: [ONE_EVENT] }),
  "one-thread": () => make({ threads: 1 }),
  count: counted,
  sample: () => make({ mode: "sample" }),
  hostile,
  diff: compared,
  huge: () => make({ scale: 2 ** 27, sites: 200 }), // more than 10^15 bytes
  "threads-64": () => make({ threads: 64, sites: 300 }),
  large: () => make({ sites: 20000, threads: 64, points: 100000, slices: 64, depth: 30, rows: 10 }),
};
