// SPDX-License-Identifier: MIT
// Data of a program that never was, as large as one likes, in which all sums are right: sites add up
// to the totals, blocks to the sites, and the peak is where most bytes are live.

const FUNCTIONS = [
  ["main", "server.c"], ["serve", "server.c"], ["accept_client", "server.c"],
  ["handle_request", "http.c"], ["parse_header", "http.c"], ["read_body", "http.c"],
  ["json_parse", "json.c"], ["json_array", "json.c"], ["json_string", "json.c"],
  ["cache_put", "cache.c"], ["cache_grow", "cache.c"], ["make_entry", "cache.c"],
  ["query_plan", "query.c"], ["run_query", "query.c"], ["sort_rows", "query.c"],
  ["copy_row", "row.c"], ["row_text", "row.c"], ["log_line", "log.c"],
  ["std::vector<Row>::_M_realloc_insert<Row const&>", "vector.tcc"], ["worker", "pool.c"],
];
const SIZES = ["1-8", "9-16", "17-32", "33-64", "65-128", "129-256", "257-512", "513-1024",
  "1025-2048", "2049-4096", "4097-8192", "8193-16384", "16385-32768", "32769-65536"];
const START = Date.UTC(2026, 0, 5, 9, 30);

/** mulberry32: numbers in [0, 1), the same for the same seed. */
function random(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function columns(names) {
  return Object.fromEntries(names.map((name) => [name, []]));
}

const total = (column) => column.reduce((sum, value) => sum + value, 0);

/** Names, each once. */
function pool() {
  const strings = [""];
  const known = new Map([["", 0]]);
  return { strings, number(text) {
    let number = known.get(text);
    if (number === undefined) {
      known.set(text, (number = strings.length));
      strings.push(text);
    }
    return number;
  } };
}

/** A frame for each line of a few files. */
function makeFrames(names, count, next) {
  const frames = columns(["function", "file", "line", "module", "inlined"]);
  for (let i = 0; i < count; i++) {
    const [name, file] = FUNCTIONS[i % FUNCTIONS.length];
    const copy = i < FUNCTIONS.length ? "" : `_${Math.floor(i / FUNCTIONS.length)}`;
    frames.function.push(names.number(name + copy));
    frames.file.push(names.number(`src/${file}`));
    frames.line.push(20 + Math.floor(next() * 900));
    frames.module.push(names.number("/usr/bin/server"));
    frames.inlined.push(next() < 0.15 ? 1 : 0);
  }
  return frames;
}

/** A tree below main: a new node's caller is mostly a recent one, so that stacks get deep. */
function makeStacks(count, frameCount, next) {
  const stacks = { parent: [0, 0], frame: [0, 0] };
  for (let i = 2; i <= count; i++) {
    const back = next() < 0.6 ? 1 + Math.floor(next() * Math.min(i - 1, 6))
      : 1 + Math.floor(next() * (i - 1));
    stacks.parent.push(i - back);
    stacks.frame.push(1 + Math.floor(next() * (frameCount - 1)));
  }
  return stacks;
}

/** Blocks of each site: many die young, some stay for a while, some sites keep a part for ever. */
function makeBlocks(options, next) {
  const blocks = columns(["site", "born", "died", "count", "bytes"]);
  const { slices } = options;
  for (let site = 0; site < options.sites; site++) {
    const size = Math.ceil(2 ** (3 + next() * 9));
    const rate = Math.ceil(2 ** (next() * 10) / (1 + site / 40));
    const keeps = next() < 0.1;
    for (let k = 0; k < options.rowsPerSite; k++) {
      const born = Math.floor(next() * slices);
      const stay = next() < 0.6 ? 0 : Math.floor(next() * next() * slices);
      const died = keeps && next() < 0.5 ? slices : Math.min(born + stay, slices - 1);
      const count = 1 + Math.floor(next() * rate);
      blocks.site.push(site);
      blocks.born.push(born);
      blocks.died.push(died);
      blocks.count.push(count);
      blocks.bytes.push(count * size);
    }
  }
  return blocks;
}

/** Bytes live at each edge. */
function liveAtEdges(blocks, slices) {
  const change = new Array(slices + 2).fill(0);
  blocks.bytes.forEach((bytes, i) => {
    change[blocks.born[i] + 1] += bytes;
    change[blocks.died[i] + 1] -= bytes;
  });
  let live = 0;
  return change.slice(0, slices + 1).map((bytes) => (live += bytes));
}

const SITE_COLUMNS = ["id", "stack", "alloc_count", "alloc_bytes", "free_count", "live_count",
  "live_bytes", "leaked_count", "leaked_bytes", "suppressed_bytes", "peak_bytes", "bytes_at_peak",
  "temporary_count", "realloc_count", "cross_thread_free_count", "mean_lifetime_ns", "min_size",
  "max_size", "distinct_sizes"];

function makeSites(options, blocks, peakSlice, stackCount, next) {
  const sites = columns(SITE_COLUMNS);
  for (const name of SITE_COLUMNS) sites[name] = new Array(options.sites).fill(0);
  blocks.site.forEach((site, i) => {
    const [count, bytes] = [blocks.count[i], blocks.bytes[i]];
    sites.alloc_count[site] += count;
    sites.alloc_bytes[site] += bytes;
    sites.min_size[site] = sites.max_size[site] = bytes / count;
    if (blocks.died[i] === options.slices) {
      for (const kind of ["live", "leaked"]) {
        sites[`${kind}_count`][site] += count;
        sites[`${kind}_bytes`][site] += bytes;
      }
    } else {
      sites.free_count[site] += count;
    }
    if (blocks.born[i] < peakSlice && blocks.died[i] >= peakSlice) {
      sites.bytes_at_peak[site] += bytes;
    }
  });
  for (let site = 0; site < options.sites; site++) {
    sites.id[site] = site;
    sites.stack[site] = stackCount - options.sites + site + 1;
    sites.peak_bytes[site] = Math.max(sites.bytes_at_peak[site], sites.live_bytes[site]);
    sites.temporary_count[site] = Math.floor(sites.free_count[site] * next() * next());
    sites.realloc_count[site] = next() < 0.1 ? Math.floor(sites.alloc_count[site] * next()) : 0;
    sites.cross_thread_free_count[site] =
      options.threads > 1 && next() < 0.2 ? Math.floor(sites.free_count[site] * next()) : 0;
    sites.mean_lifetime_ns[site] = sites.free_count[site] ? Math.round(10 ** (2 + next() * 7)) : null;
    sites.distinct_sizes[site] = 1;
  }
  return sites;
}

/** Bounds of the estimates, as a sample has them. */
function addBounds(sites) {
  for (const name of ["alloc_bytes", "live_bytes"]) {
    sites[`${name}_lo`] = sites[name].map((value) => Math.floor(value * 0.8));
    sites[`${name}_hi`] = sites[name].map((value) => Math.ceil(value * 1.3 + 1000));
  }
}

function makeTimeline(options, live, next) {
  const timeline = columns(["t", "allocated_bytes", "allocated_max_bytes", "rss_bytes", "alloc_rate",
    "free_rate"]);
  const most = Math.max(...live);
  for (let i = 1; i <= options.points; i++) {
    const place = (i / options.points) * options.slices;
    const slice = Math.min(Math.floor(place), options.slices - 1);
    const level = live[slice] + (live[slice + 1] - live[slice]) * (place - slice);
    const bytes = Math.round(level * (1 - 0.03 * next() * (place % 1 ? 1 : 0)));
    timeline.t.push((i / options.points) * options.seconds);
    timeline.allocated_bytes.push(bytes);
    timeline.allocated_max_bytes.push(Math.min(most, Math.max(bytes, Math.round(level))));
    timeline.rss_bytes.push(i % 20 === 1 ? 4194304 + Math.round(level * 1.2) : null);
    timeline.alloc_rate.push(Math.round(50000 * next()));
    timeline.free_rate.push(Math.round(48000 * next()));
  }
  return timeline;
}

/** Parts of `whole` that add up to it. */
function shares(whole, count, next) {
  const weights = Array.from({ length: count }, () => 0.05 + next() ** 3);
  const sum = total(weights);
  const parts = weights.map((weight) => Math.floor((whole * weight) / sum));
  parts[0] += whole - total(parts);
  return parts;
}

function makeSlices(options, blocks, next) {
  const { slices, threads } = options;
  const tables = { alloc_count: new Array(slices).fill(0), alloc_bytes: new Array(slices).fill(0),
    free_count: new Array(slices).fill(0) };
  blocks.count.forEach((count, i) => {
    tables.alloc_count[blocks.born[i]] += count;
    tables.alloc_bytes[blocks.born[i]] += blocks.bytes[i];
    if (blocks.died[i] < slices) tables.free_count[blocks.died[i]] += count;
  });
  const perThread = {};
  for (const [name, column] of Object.entries(tables)) {
    perThread[name] = column.flatMap((value) => shares(value, threads, next));
  }
  return {
    edges: Array.from({ length: slices + 1 }, (_, i) => (i / slices) * options.seconds),
    blocks,
    sizes: { names: SIZES,
      count: tables.alloc_count.flatMap((count) => shares(count, SIZES.length, next)) },
    threads: perThread,
  };
}

function bySlot(column, width) {
  const sums = new Array(width).fill(0);
  column.forEach((value, i) => (sums[i % width] += value));
  return sums;
}

const latencies = (prefix, scale) => ({
  [`${prefix}_latency_p50`]: 24 * scale, [`${prefix}_latency_p95`]: 90 * scale,
  [`${prefix}_latency_p99`]: 410 * scale, [`${prefix}_latency_p999`]: 5200 * scale,
});

function latencyBuckets(count, next) {
  const ends = [8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 64, 96, 128, 192, 256, 512, 1024, 2048, 8192,
    32768];
  return shares(count, ends.length, next).map((value, i) => [ends[i], value]).filter((b) => b[1] > 0);
}

function makeThreads(options, slices) {
  const sums = {};
  for (const [name, column] of Object.entries(slices.threads)) sums[name] = bySlot(column, options.threads);
  return sums.alloc_count.map((count, i) => ({
    thread_id: 4100 + i, thread_name: i ? `worker-${i}` : "server",
    alloc_count: count, free_count: sums.free_count[i], alloc_bytes: sums.alloc_bytes[i],
    free_bytes: null, cross_thread_frees_sent: 0, cross_thread_frees_received: 0, lost_events: 0,
    ...latencies("alloc", 1), ...latencies("free", 0.8),
  }));
}

/** Each thread hands blocks to its next two. */
function makeFlow(threads, frees, meanSize) {
  if (threads.length < 2) return [];
  const pairs = threads.flatMap((_, from) => [1, 2].map((step) => [from, (from + step) % threads.length]))
    .filter(([from, to]) => from !== to);
  const flow = pairs.map(([from, to], i) => {
    const count = Math.floor(frees / pairs.length / (1 + (i % 3)));
    threads[from].cross_thread_frees_sent += count;
    threads[to].cross_thread_frees_received += count;
    return { from: threads[from].thread_id, to: threads[to].thread_id, from_index: from, to_index: to,
      count, bytes: Math.round(count * meanSize) };
  });
  return flow.sort((a, b) => b.count - a.count);
}

function hottest(sites, column) {
  return sites[column].indexOf(Math.max(...sites[column]));
}

function recommendation(kind, text, sites, row, column, least) {
  const events = sites[column][row];
  return { kind, site: sites.id[row], text, measured: false,
    evidence: { events, part_pct: 97.25, time_pct: least.time_pct && 3.5,
      alloc_count: sites.alloc_count[row], free_count: sites.free_count[row],
      program_alloc_count: total(sites.alloc_count) },
    threshold: { events: 1000, ...least } };
}

function makeRecommendations(sites) {
  return [
    recommendation("temporary-allocations", "Blocks are freed by the thread's very next call. Where " +
      "their size has a bound, a buffer on the stack or a reused one does.", sites,
      hottest(sites, "temporary_count"), "temporary_count", { part_pct: 90, time_pct: 1 }),
    recommendation("steady-growth", "What is allocated here and not freed grows all through the run. " +
      "If it is meant to be kept, it has no bound; if not, it leaks.", sites,
      hottest(sites, "leaked_bytes"), "leaked_bytes", { part_pct: 25, time_pct: null }),
  ];
}

function makeReport(options, sites, slices, live, next) {
  const sum = (name) => total(sites[name]);
  const peak = Math.max(...live);
  const allocated = sum("alloc_bytes");
  const sampled = options.mode === "sample";
  const threads = makeThreads(options, slices);
  const flow = makeFlow(threads, sum("cross_thread_free_count"), allocated / sum("alloc_count"));
  const crossFrees = total(flow.map((f) => f.count));
  const current = sum("live_bytes");
  const rate = (figure) => figure / options.seconds;
  const buckets = bySlot(slices.sizes.count, SIZES.length);
  return {
    schema: "ccmem-report/1",
    program: { argv: ["server", "--port", "8080"], exe: "/usr/bin/server", host: "example", pid: 4100,
      ppid: 4000, forked: false, attached: false, exit_status: 0, signal: null },
    allocator: { requested: null, claimed: "system", serving: "unknown", version: null, verified: false,
      method: "path", reason: "the trace names the library whose malloc was called; which allocator " +
      "served was not tested", path: "/lib/x86_64-linux-gnu/libc.so.6" },
    mode: options.mode, estimated: sampled, sample_interval: sampled ? 524288 : null, lost_events: 0,
    alloc_count: sum("alloc_count"), free_count: sum("free_count"),
    alloc_bytes: allocated, free_bytes: allocated - current,
    current_allocated: current, peak_allocated: peak,
    peak_time: slices.edges[live.indexOf(peak)], peak_rss_bytes: 4194304 + Math.round(peak * 1.2),
    alloc_rate: rate(sum("alloc_count")), free_rate: rate(sum("free_count")),
    bytes_rate: rate(allocated),
    temporary_count: sampled ? null : sum("temporary_count"), realloc_count: sum("realloc_count"),
    ...latencies("alloc", 1), ...latencies("free", 0.8),
    alloc_latency_mean: 41.5, free_latency_mean: 33, alloc_latency_samples: 20000,
    free_latency_samples: 19000, latency_sampled_every: 64, latency_timer_ns: 18,
    latency: { alloc: latencyBuckets(20000, next), free: latencyBuckets(19000, next) },
    lifetimes: { temporary: sum("temporary_count"), short: 0, long: 0, immortal: sum("live_count"),
      histogram: [[1024, 100], [1048576, 40]] },
    cross_thread_free_count: crossFrees,
    cross_thread_free_pct: sum("free_count") ? (100 * crossFrees) / sum("free_count") : 0,
    cross_thread_flow: flow, cross_thread_flow_count: flow.length,
    size_histogram: { buckets: Object.fromEntries(SIZES.map((name, i) => [name, buckets[i]])),
      total_count: sum("alloc_count"), total_bytes: allocated, hot_sizes: [{ size: "64", count: 1000 }] },
    thread_stats: threads,
    fragmentation: { internal_fragmentation: 0.081, external_fragmentation: 0.22,
      largest_free_block: 1310720, free_block_count: 84, utilization: 0.71,
      method_internal: "malloc_usable_size", method_external: "glibc mallinfo2",
      time: options.seconds * 0.8, readings: 12 },
    leaked_count: sum("leaked_count"), leaked_bytes: sum("leaked_bytes"),
    suppressed_count: 0, suppressed_bytes: 0, duration_seconds: options.seconds,
    start_time: new Date(START).toISOString(),
    end_time: new Date(START + options.seconds * 1000).toISOString(),
    site_count: options.sites,
    recommendations: sampled ? [] : makeRecommendations(sites),
    trace: { raw_bytes: 1e6, stored_bytes: 250000, events: 2 * sum("alloc_count"), recorder: "0.1.0",
      warnings: [] },
  };
}

const DEFAULTS = { sites: 200, threads: 4, points: 400, slices: 64, rowsPerSite: 20, seconds: 12,
  mode: "full", seed: 1 };

/** Data as web/src/data/schema.ts has it; `knobs` as in DEFAULTS. */
export function example(knobs = {}) {
  const options = { ...DEFAULTS, ...knobs };
  const next = random(options.seed);
  const names = pool();
  const stackCount = Math.ceil(options.sites * 2.5) + 4;
  const frames = makeFrames(names, Math.max(24, Math.ceil(options.sites / 4)), next);
  const stacks = makeStacks(stackCount, frames.function.length, next);
  const blocks = makeBlocks(options, next);
  const live = liveAtEdges(blocks, options.slices);
  const peakSlice = live.indexOf(Math.max(...live));
  const sites = makeSites(options, blocks, peakSlice, stackCount, next);
  if (options.mode === "sample") addBounds(sites);
  const slices = makeSlices(options, blocks, next);
  return {
    schema: "ccmem-dashboard/1",
    report: makeReport(options, sites, slices, live, next),
    strings: names.strings, frames, stacks, sites,
    timeline: makeTimeline(options, live, next),
    slices,
  };
}
