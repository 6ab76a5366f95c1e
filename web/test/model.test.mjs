// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { test } from "node:test";
import { example } from "./example.mjs";
import { load } from "./load.mjs";

const { createModel, selectedSlices } = await load("src/data/model.ts");
const { START } = await load("src/state.ts");

const data = example();
const model = createModel(data);
const sum = (values) => values.reduce((all, value) => all + value, 0);
const at = (from, to, weight = "alloc_bytes") => ({ ...START, from, to, weight });

test("without a range it is the sites' own figures", () => {
  const selection = model.selection(START);
  assert.equal(selection.ranged, false);
  assert.deepEqual(selection.seconds, [0, 12]);
  assert.equal(sum(selection.bytes), data.report.alloc_bytes);
  assert.equal(sum(selection.count), data.report.alloc_count);
  assert.equal(sum(selection.kept), data.report.leaked_bytes);
  assert.equal(sum(model.weigh(START)), data.report.peak_allocated);
});

test("a range is what a plain sum over its blocks gives", () => {
  const [from, to] = [10, 20];
  const selection = model.selection(at(from, to));
  const expected = { count: 0, bytes: 0, live: 0, kept: 0 };
  const { born, died, count, bytes } = data.slices.blocks;
  for (let i = 0; i < born.length; i++) {
    const inside = born[i] >= from && born[i] <= to;
    const lives = born[i] <= to && died[i] > to;
    if (inside) expected.count += count[i];
    if (inside) expected.bytes += bytes[i];
    if (lives) expected.live += bytes[i];
    if (inside && lives) expected.kept += bytes[i];
  }
  for (const [name, value] of Object.entries(expected)) assert.equal(sum(selection[name]), value, name);
  assert.deepEqual(selection.seconds, [data.slices.edges[10], data.slices.edges[21]]);
});

test("ranges that meet add up to the whole", () => {
  const parts = [at(0, 20), at(21, 63)].map((range) => model.selection(range).bytes.slice());
  const whole = model.selection(START).bytes;
  whole.forEach((bytes, row) => assert.equal(parts[0][row] + parts[1][row], bytes));
});

test("blocks from before the first slice live, but were not allocated in it", () => {
  const early = example({ sites: 1, rowsPerSite: 1 });
  Object.assign(early.slices.blocks, { site: [0], born: [-1], died: [64], count: [2], bytes: [100] });
  const selection = createModel(early).selection(at(0, 3));
  assert.deepEqual([selection.bytes[0], selection.live[0], selection.kept[0]], [0, 100, 0]);
});

test("what no site of the table has is known in total", () => {
  const few = example({ sites: 1, rowsPerSite: 1 });
  few.slices.others = { sites: [0], born: [-1, 2, 5, 9], died: [3, 64, 5, 9],
    count: [1, 2, 3, 4], bytes: [10, 20, 30, 40] };
  const model = createModel(few);
  assert.deepEqual(model.selection(at(2, 5)).unnamed, { count: 5, bytes: 50 });
  assert.deepEqual(model.selection(START).unnamed, { count: 0, bytes: 0 });
  assert.deepEqual(createModel(data).selection(at(2, 5)).unnamed, { count: 0, bytes: 0 });
});

test("ends are put in order and within the run; all of it is no range", () => {
  assert.equal(selectedSlices(data, START), null);
  assert.equal(selectedSlices(data, at(0, 63)), null);
  assert.deepEqual(selectedSlices(data, at(5, null)), [5, 63]);
  assert.deepEqual(selectedSlices(data, at(9, 5)), [5, 9]);
  assert.deepEqual(selectedSlices(data, at(60, 999)), [60, 63]);
  assert.equal(selectedSlices({ ...data, slices: null }, at(1, 2)), null);
});

test("the same range is the same object", () => {
  assert.equal(model.selection(at(3, 4)), model.selection(at(3, 4)));
  assert.equal(model.selection(START), model.selection(at(0, 63)));
});

test("weights are those that are known", () => {
  const known = (state, of = model) => of.weights(state).map(({ weight }) => weight);
  assert.deepEqual(known(START),
    ["bytes_at_peak", "alloc_bytes", "leaked_bytes", "alloc_count", "temporary_count"]);
  assert.deepEqual(known(at(1, 2)), ["alloc_bytes", "alloc_count", "live_bytes", "leaked_bytes"]);
  assert.ok(!known(START, createModel(example({ mode: "sample" }))).includes("temporary_count"));
});

test("a weight that is not known for a range is that of the bytes", () => {
  assert.equal(model.weigh(at(1, 2, "bytes_at_peak")), model.weigh(at(1, 2)));
});

test("each weight is its column", () => {
  for (const weight of ["bytes_at_peak", "alloc_bytes", "leaked_bytes", "alloc_count", "temporary_count",
    "live_bytes"]) {
    assert.deepEqual([...model.weigh({ ...START, weight })], data.sites[weight], weight);
  }
});

test("stacks are innermost first, and end before the root", () => {
  const stack = model.stack(data.sites.stack[7]);
  assert.deepEqual(stack[0], model.frame(data.sites.stack[7]));
  assert.equal(stack.at(-1).function, "main");
  assert.deepEqual(model.stack(0), []);
  assert.equal(model.frame(0).function, "all");
});

test("a function without a name goes by its module", () => {
  const { frames, stacks } = structuredClone(data);
  frames.function[0] = 0;
  frames.offset = frames.line.map(() => 0x1f2e);
  stacks.frame[1] = 0;
  const [named, bare] = [createModel({ ...data, frames, stacks }).frame(1), { ...frames, offset: undefined }];
  assert.deepEqual([named.function, named.known], ["server+0x1f2e", false]);
  assert.equal(createModel({ ...data, frames: bare, stacks }).frame(1).function, "?");
});

test("a search finds functions, files and modules anywhere on the stack, in any case", () => {
  for (const search of ["JSON_", "cache.c", "bin/server", "no such name", "row insert("]) {
    const wanted = search.toLowerCase();
    const expected = data.sites.stack.map((stack) => Number(model.stack(stack).some((frame) =>
      [frame.function, frame.file, frame.module].some((name) => name.toLowerCase().includes(wanted)))));
    assert.deepEqual([...model.matching(search)], expected, search);
  }
  assert.equal(sum(model.matching("")), data.sites.id.length);
});

test("rows by id", () => {
  assert.equal(model.row(data.sites.id[5]), 5);
  assert.equal(model.row(-1), undefined);
});

test("half a million rows of blocks are added up in a moment", () => {
  const large = createModel(example({ sites: 20000, rowsPerSite: 25, points: 10 }));
  for (let from = 0; from < 5; from++) large.selection(at(from, 40));
  const begin = performance.now();
  for (let from = 5; from < 15; from++) large.selection(at(from, 40));
  const each = (performance.now() - begin) / 10;
  assert.ok(each < 100, `${each} ms a selection`);
});
