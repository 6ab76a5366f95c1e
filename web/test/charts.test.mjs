// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { brief, byteStep } = await load("src/charts/axes.ts");
const { firstAbove, isSelected, sliceAt, sliceText, toggleSlice } = await load("src/charts/slices.ts");
const { moved } = await load("src/charts/keys.ts");
const { binned, partOf } = await load("src/charts/latency.ts");
const { threadName } = await load("src/charts/names.ts");
const { shortName } = await load("src/charts/threads.ts");
const { wrap } = await load("src/charts/caption.ts");

test("labels of axes leave out zeros that say nothing", () => {
  const rows = [["2.00 MiB", "2 MiB"], ["1.50 MiB", "1.5 MiB"], ["12.0 s", "12 s"], ["100 ms", "100 ms"],
    ["1,000 B", "1,000 B"], ["20.5 %", "20.5 %"], ["0/s", "0/s"]];
  for (const [text, short] of rows) assert.equal(brief(text), short);
});

test("lines of a byte axis are at powers of two, two to four of them", () => {
  for (const most of [1, 5, 1000, 2 ** 20, 3.3e6, 1e15]) {
    const step = byteStep(most);
    assert.ok(Number.isInteger(Math.log2(step)));
    assert.ok(most < 4 || (most / step > 2 && most / step <= 4), `${most}: ${step}`);
  }
});

test("a time lies in the slice that begins with it, and the last edge in the last one", () => {
  const edges = [0, 1, 2, 4];
  for (const [time, slice] of [[-1, 0], [0, 0], [0.9, 0], [1, 1], [3.9, 2], [4, 2], [9, 2]]) {
    assert.equal(sliceAt(edges, time), slice);
  }
  assert.equal(firstAbove([], 1), 0);
  assert.equal(firstAbove([1, 1, 2], 1), 2);
  assert.equal(sliceText(edges, 1, 2), "1.00 s to 4.00 s");
});

test("choosing a slice twice selects the whole run again", () => {
  const one = toggleSlice({ from: null, to: null }, 3);
  assert.deepEqual(one, { from: 3, to: 3 });
  assert.deepEqual(toggleSlice(one, 3), { from: null, to: null });
  assert.deepEqual(toggleSlice({ from: 1, to: 3 }, 3), { from: 3, to: 3 });
  assert.ok(isSelected(null, 7) && isSelected([2, 4], 4) && !isSelected([2, 4], 5));
});

test("keys go through points and stop at the ends", () => {
  const line = { columns: 3, rows: 1 };
  assert.deepEqual(moved(null, "ArrowRight", line), { column: 0, row: 0 });
  assert.deepEqual(moved({ column: 2, row: 0 }, "ArrowRight", line), { column: 2, row: 0 });
  assert.deepEqual(moved({ column: 1, row: 0 }, "ArrowUp", line), { column: 0, row: 0 });
  assert.equal(moved({ column: 1, row: 0 }, "a", line), null);
  const cells = { columns: 40, rows: 5 };
  assert.deepEqual(moved({ column: 1, row: 0 }, "ArrowUp", cells), { column: 1, row: 1 });
  assert.deepEqual(moved({ column: 1, row: 0 }, "ArrowDown", cells), { column: 1, row: 0 });
  assert.deepEqual(moved({ column: 1, row: 3 }, "End", cells), { column: 39, row: 3 });
  assert.deepEqual(moved({ column: 10, row: 3 }, "PageUp", cells), { column: 8, row: 3 });
});

test("bars of latencies hold every call, in order, where it belongs", () => {
  const bins = binned([[0, 1], [0.7, 2], [10, 3], [10.1, 4], [1000, 5], [null, 6]]);
  assert.equal(bins.reduce((sum, bin) => sum + bin.count, 0), 21);
  assert.deepEqual([bins[0].low, bins[0].high, bins[0].count], [0, 1, 3]);
  for (const bin of bins) assert.ok(bin.low < bin.high);
  assert.ok(bins.at(-1).low >= 1000 && bins.at(-1).count === 6);
  assert.ok(bins.some((bin) => bin.low < 10 && 10 <= bin.high && bin.count === 7));
  assert.deepEqual(binned([]), []);
  assert.equal(partOf({ count: 5 }, { samples: 20 }), 25);
  assert.equal(partOf({ count: 0 }, { samples: 0 }), 0);
});

test("threads are told apart by the system's numbers", () => {
  const report = { thread_stats: [{ thread_id: 7, thread_name: "a" }, { thread_id: 8, thread_name: null }] };
  assert.deepEqual([0, 1, 2].map((i) => threadName(report, i)), ["a (7)", "thread 8", "thread 2"]);
});

test("of a long name of a thread its number is left", () => {
  assert.equal(shortName("main (17)"), "main (17)");
  assert.equal(shortName("background-worker (12345)"), "backgr\u2026 (12345)");
  assert.equal(shortName("python3 (11284)"), "python3 (11284)");
  assert.equal(shortName("3 others"), "3 others");
  assert.equal(shortName("x (1) y"), "x (1) y");
});

test("captions break at words, and are cut where that does not help", () => {
  const measure = (text) => text.length;
  assert.deepEqual(wrap("live bytes over time", 10, measure), ["live bytes", "over time"]);
  assert.deepEqual(wrap("short", 10, measure), ["short"]);
  const lines = wrap("a bb ccc dddd eeeee ffffff ggggggg hhhhhhhhhhhhhhhhhhhh", 10, measure);
  assert.equal(lines.length, 3);
  for (const line of [...lines, ...wrap("x".repeat(4096), 10, measure)]) assert.ok(line.length <= 10, line);
  assert.match(lines[2], /\u2026$/);
});
