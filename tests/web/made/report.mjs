// SPDX-License-Identifier: MIT
// The report of a made-up run: ccmem-report/1 without sites and timeline.
import { bucketOf, sum, upTo } from "./tables.mjs";

function makeFlow(k, rows) {
  const pairs = new Map();
  for (const r of rows) {
    if (r.died === k.slices || r.freer === r.thread) continue;
    const key = r.thread * k.threads + r.freer;
    const pair = pairs.get(key) ?? { from: 100 + r.thread, to: 100 + r.freer, from_index: r.thread,
                                     to_index: r.freer, count: 0, bytes: 0 };
    pair.count += r.count;
    pair.bytes += r.count * r.size;
    pairs.set(key, pair);
  }
  return [...pairs.values()].sort((a, b) => b.count - a.count);
}

function makeThreads(k, rows) {
  const latencies = Object.fromEntries(["alloc", "free"].flatMap((call) =>
    ["p50", "p95", "p99", "p999"].map((p, i) => [`${call}_latency_${p}`, 20 * (i + 1)])));
  return upTo(k.threads).map((t) => {
    const mine = rows.filter((r) => r.thread === t);
    const freed = rows.filter((r) => r.freer === t && r.died < k.slices);
    const crossing = (some) => sum(some.filter((r) => r.died < k.slices && r.freer !== r.thread)
                                       .map((r) => r.count));
    return { thread_id: 100 + t, thread_name: k.thread(t), alloc_count: sum(mine.map((r) => r.count)),
             free_count: sum(freed.map((r) => r.count)),
             alloc_bytes: sum(mine.map((r) => r.count * r.size)),
             free_bytes: sum(freed.map((r) => r.count * r.size)),
             cross_thread_frees_sent: crossing(mine), cross_thread_frees_received: crossing(freed),
             lost_events: 0, ...latencies };
  });
}

function sizeHistogram(rows, slices) {
  const buckets = {};
  slices.sizes.names.forEach((name, b) => {
    buckets[name] = sum(rows.filter((r) => bucketOf(r.size) === b).map((r) => r.count));
  });
  return { buckets, total_count: sum(rows.map((r) => r.count)),
           total_bytes: sum(rows.map((r) => r.count * r.size)), hot_sizes: [] };
}

const LATENCY = [[10, 400], [20, 300], [40, 200], [80, 60], [160, 25], [1000, 10], [20000, 5]];

/** Half of the frees take less than reading the clock does. */
function latencyFigures(call) {
  const at = { p50: call === "free" ? 0.77 : 15, p95: 78, p99: 950, p999: 19000, mean: 60, samples: 1000 };
  return Object.fromEntries(Object.entries(at).map(([p, v]) => [`${call}_latency_${p}`, v]));
}

function recommendationFor(sites) {
  if (sites.id.length === 0) return [];
  return [{ kind: "temporary-allocations", site: 0, severity: "medium", measured: false,
            text: "Most blocks of this call are freed at once.",
            evidence: { temporary_pct: 97.5 }, threshold: { temporary_pct: 90 } }];
}

/** Figures that are known in no other mode than these. */
const KNOWN_IN = {
  free_bytes: ["full", "sample"], current_allocated: ["full", "sample"],
  peak_allocated: ["full", "sample"], peak_time: ["full", "sample"],
  leaked_count: ["full", "sample"], leaked_bytes: ["full", "sample"],
  suppressed_count: ["full", "sample"], suppressed_bytes: ["full", "sample"],
  cross_thread_free_count: ["full", "sample"], cross_thread_free_pct: ["full", "sample"],
  cross_thread_flow: ["full", "sample"], cross_thread_flow_count: ["full", "sample"],
  temporary_count: ["full"], calloc_count: ["full"], aligned_count: ["full"],
  realloc_count: ["full"], realloc_moved_count: ["full"],
  unmatched_free_count: ["full"], implied_free_count: ["full"],
};

function hideUnknown(report, mode) {
  for (const [name, modes] of Object.entries(KNOWN_IN)) if (!modes.includes(mode)) report[name] = null;
  if (mode === "sample")
    for (const name of ["free_bytes", "current_allocated", "peak_allocated", "leaked_bytes"])
      report[`${name}_ci`] = [Math.floor(report[name] * 0.9), Math.ceil(report[name] * 1.1)];
  return report;
}

export function makeReport(k, rows, { sites, slices, live, peakSlice }) {
  const total = (name) => sum(sites[name]);
  const flow = makeFlow(k, rows);
  const crossing = sum(flow.map((pair) => pair.count));
  const allocCount = total("alloc_count"), freeCount = total("free_count");
  const measured = k.mode !== "count" && rows.length > 0;
  return hideUnknown({
    schema: "ccmem-report/1",
    program: { argv: ["./program", "--with", "words"], exe: "/usr/bin/program", host: "host", pid: 100,
               ppid: 1, forked: false, attached: false, exit_status: 0, signal: null },
    allocator: { requested: null, claimed: "system", serving: "unknown", version: null,
                 verified: false, method: "path", reason: "which allocator served was not tested",
                 path: "/lib/libc.so.6" },
    mode: k.mode, estimated: k.mode === "sample",
    sample_interval: k.mode === "sample" ? 524288 : null, lost_events: 0,
    alloc_count: allocCount, free_count: freeCount,
    alloc_bytes: total("alloc_bytes"), free_bytes: total("alloc_bytes") - total("live_bytes"),
    current_allocated: total("live_bytes"), peak_allocated: live[peakSlice] ?? 0,
    peak_time: rows.length ? ((peakSlice + 0.5) * k.seconds) / k.slices : null,
    peak_rss_bytes: Math.round((live[peakSlice] ?? 0) * 1.2) + 2 ** 20,
    usable_alloc_bytes: null, usable_free_bytes: null,
    alloc_rate: allocCount / k.seconds, free_rate: freeCount / k.seconds,
    bytes_rate: total("alloc_bytes") / k.seconds,
    alloc_rate_peak: null, alloc_rate_peak_time: null, free_rate_peak: null,
    free_rate_peak_time: null, bytes_rate_peak: null, bytes_rate_peak_time: null,
    rate_window_seconds: null,
    calloc_count: 0, aligned_count: 0, realloc_count: 0, realloc_moved_count: 0,
    temporary_count: total("temporary_count"), unmatched_free_count: 0, implied_free_count: 0,
    ...(measured ? { ...latencyFigures("alloc"), ...latencyFigures("free") }
                 : { alloc_latency_samples: null, free_latency_samples: null }),
    latency_sampled_every: measured ? 64 : null, latency_timer_ns: measured ? 9 : null,
    latency: { alloc: measured ? LATENCY : [], free: measured ? LATENCY : [] },
    lifetimes: { temporary: total("temporary_count"), short: 0,
                 long: freeCount - total("temporary_count"), immortal: total("live_count"),
                 histogram: [] },
    cross_thread_free_count: crossing,
    cross_thread_free_pct: freeCount ? (100 * crossing) / freeCount : 0,
    cross_thread_flow: flow, cross_thread_flow_count: flow.length,
    size_histogram: sizeHistogram(rows, slices),
    thread_stats: makeThreads(k, rows),
    fragmentation: measured
      ? { internal_fragmentation: 0.12, external_fragmentation: 0.34, utilization: 0.66,
          largest_free_block: 4096, free_block_count: 12, method_internal: "malloc_usable_size",
          method_external: "glibc mallinfo2", time: k.seconds, readings: 1 }
      : { internal_fragmentation: null, external_fragmentation: null, utilization: null,
          largest_free_block: null, free_block_count: null, method_internal: null,
          method_external: null, time: null, readings: 0 },
    leaked_count: total("leaked_count"), leaked_bytes: total("leaked_bytes"),
    suppressed_count: 0, suppressed_bytes: 0,
    duration_seconds: k.seconds, start_time: "2026-01-02T03:04:05.000000Z",
    end_time: "2026-01-02T03:04:13.000000Z",
    site_count: sites.id.length,
    recommendations: k.mode === "full" ? recommendationFor(sites) : [],
    trace: { raw_bytes: 1000, stored_bytes: 500, events: allocCount + freeCount, recorder: "0.1.0",
             warnings: [] },
  }, k.mode);
}
