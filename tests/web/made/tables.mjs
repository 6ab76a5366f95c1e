// SPDX-License-Identifier: MIT
// The tables of a made-up run: sites, stacks, timeline, slices.

/** Numbers from 0 to 1, the same ones for the same seed. */
function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const zeros = (n) => new Array(n).fill(0);
export const upTo = (n) => Array.from({ length: n }, (_, i) => i);
export const sum = (values) => values.reduce((a, b) => a + b, 0);

export function makeRows(k) {
  const random = randomFrom(k.seed);
  const below = (n) => Math.floor(random() * n);
  return upTo(k.sites * k.rows).map((i) => {
    const born = below(k.slices);
    const lives = random() < 0.1 ? k.slices : below(4);
    return {
      site: i % k.sites,
      born,
      died: Math.min(born + lives, k.slices),
      count: 1 + below(50),
      size: (1 + below(5000)) * k.scale,
      thread: i % k.threads,
      freer: (i + below(2)) % k.threads,
    };
  });
}

/** Live bytes at the end of each slice, of the rows that are meant. */
export function liveBySlice(rows, slices) {
  const live = zeros(slices);
  for (const r of rows)
    for (let s = r.born; s < r.died; s++) live[s] += r.count * r.size;
  return live;
}

export const bucketOf = (size) => Math.max(0, Math.ceil(Math.log2(size)) - 3);
const bucketName = (b) => (b === 0 ? "1-8" : `${2 ** (b + 2) + 1}-${2 ** (b + 3)}`);

/** Stacks: main, then functions that sites share in part, then one of each site's own. */
export function makeStacks(k, strings) {
  const frames = { function: [], file: [], line: [], module: [], inlined: [] };
  const stacks = { parent: [0], frame: [0] };
  const known = new Map();
  const stringOf = new Map();
  const string = (text) => {
    if (!stringOf.has(text)) stringOf.set(text, strings.push(text) - 1);
    return stringOf.get(text);
  };
  const frame = (name, line) => {
    frames.function.push(string(name));
    frames.file.push(string("src/program.c"));
    frames.line.push(line);
    frames.module.push(string("/usr/bin/program"));
    frames.inlined.push(line % 7 === 0 ? 1 : 0);
    return frames.function.length - 1;
  };
  const child = (parent, key, name, line) => {
    const path = `${parent}/${key}`;
    if (known.has(path)) return known.get(path);
    stacks.frame.push(frame(name, line));
    known.set(path, stacks.parent.push(parent) - 1);
    return known.get(path);
  };
  const of = (site) => {
    let at = child(0, "main", "main", 10);
    for (let d = 1; d < k.depth - 1; d++) {
      const branch = (site >> (k.depth - d)) & 3;
      at = child(at, branch, `level_${d}_${branch}`, 20 + d);
    }
    return child(at, `site ${site}`, k.name(site), 100 + site);
  };
  return { frames, stacks, of };
}

export function siteColumns(k, rows, peakSlice, stackOf) {
  const bySite = upTo(k.sites).map(() => []);
  for (const r of rows) bySite[r.site].push(r);
  const column = (figure) => bySite.map((mine, site) => figure(mine, site));
  const total = (mine, value, when = () => true) => sum(mine.filter(when).map(value));
  const bytes = (r) => r.count * r.size;
  const count = (r) => r.count;
  const lives = (r) => r.died === k.slices;
  const freed = (r) => !lives(r);
  const columns = {
    id: upTo(k.sites),
    stack: column((_, site) => stackOf(site)),
    alloc_count: column((m) => total(m, count)),
    alloc_bytes: column((m) => total(m, bytes)),
    free_count: column((m) => total(m, count, freed)),
    live_count: column((m) => total(m, count, lives)),
    live_bytes: column((m) => total(m, bytes, lives)),
    leaked_count: column((m) => total(m, count, lives)),
    leaked_bytes: column((m) => total(m, bytes, lives)),
    suppressed_bytes: zeros(k.sites),
    peak_bytes: column((m) => Math.max(0, ...liveBySlice(m, k.slices))),
    bytes_at_peak: column((m) => total(m, bytes, (r) => r.born <= peakSlice && r.died > peakSlice)),
    temporary_count: column((m) => total(m, count, (r) => r.born === r.died)),
    realloc_count: zeros(k.sites),
    cross_thread_free_count: column((m) => total(m, count, (r) => freed(r) && r.freer !== r.thread)),
    mean_lifetime_ns: column((m) => total(m, (r) => r.died - r.born) * 1e6),
    min_size: column((m) => Math.min(...m.map((r) => r.size))),
    max_size: column((m) => Math.max(...m.map((r) => r.size))),
    distinct_sizes: column((m) => new Set(m.map((r) => r.size)).size),
  };
  if (k.mode !== "sample") return columns;
  for (const name of ["alloc_bytes", "live_bytes"]) {
    columns[`${name}_lo`] = columns[name].map((v) => Math.floor(v * 0.9));
    columns[`${name}_hi`] = columns[name].map((v) => Math.ceil(v * 1.1));
  }
  return columns;
}

export function makeTimeline(k, live, allocated) {
  const exact = k.mode !== "count";
  const slice = (i) => Math.floor((i * k.slices) / k.points);
  const bytes = upTo(k.points).map((i) => (exact ? live[slice(i)] : 0));
  const rate = upTo(k.points).map((i) => (allocated[slice(i)] * k.slices) / k.seconds);
  return {
    t: upTo(k.points).map((i) => ((i + 1) * k.seconds) / k.points),
    allocated_bytes: bytes,
    allocated_max_bytes: bytes,
    rss_bytes: bytes.map((b, i) => (i % 5 === 0 ? Math.round(b * 1.2) + 2 ** 20 : null)),
    alloc_rate: rate,
    free_rate: rate.map((r) => r * 0.9),
  };
}

export function makeSlices(k, rows) {
  const buckets = 1 + rows.reduce((most, r) => Math.max(most, bucketOf(r.size)), 0);
  const sizes = zeros(k.slices * buckets);
  const threads = { alloc_count: zeros(k.slices * k.threads), alloc_bytes: zeros(k.slices * k.threads),
                    free_count: zeros(k.slices * k.threads) };
  const blocks = { site: [], born: [], died: [], count: [], bytes: [] };
  for (const r of rows) {
    for (const name of ["site", "born", "died", "count"]) blocks[name].push(r[name]);
    blocks.bytes.push(r.count * r.size);
    sizes[r.born * buckets + bucketOf(r.size)] += r.count;
    threads.alloc_count[r.born * k.threads + r.thread] += r.count;
    threads.alloc_bytes[r.born * k.threads + r.thread] += r.count * r.size;
    if (r.died < k.slices) threads.free_count[r.died * k.threads + r.freer] += r.count;
  }
  return {
    edges: upTo(k.slices + 1).map((i) => (i * k.seconds) / k.slices),
    blocks,
    sizes: { names: upTo(buckets).map(bucketName), count: sizes },
    threads,
  };
}
