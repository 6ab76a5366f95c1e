// SPDX-License-Identifier: MIT
// Layers of live bytes against the ranges that end at the same edges.
import assert from "node:assert/strict";
import { test } from "node:test";
import { example } from "./example.mjs";
import { load } from "./load.mjs";

const { createModel } = await load("src/data/model.ts");
const { OTHERS, layersOf } = await load("src/charts/stack_over_time_layers.ts");
const { edgeAt, marginsOf } = await load("src/charts/stack_over_time.ts");
const { siteName } = await load("src/ui/names.ts");

const data = example();
const model = createModel(data);
const WHOLE = { from: null, to: null, search: "" };
const sum = (values) => values.reduce((all, value) => all + value, 0);

/** Bytes that live at the end of a slice, by row. */
const liveAfter = (slice) => model.selection({ from: 0, to: slice }).live;

function checkEdges({ shown, total, edges }, matching = () => true) {
  for (let slice = 0; slice < edges.length - 2; slice++) { // the last one's end is that of the whole run
    const live = liveAfter(slice);
    const expected = sum(live.filter((_, row) => matching(row)));
    assert.equal(total[slice + 1], expected);
    assert.equal(sum(shown.map(({ bytes }) => bytes[slice + 1])), expected);
  }
}

test("at each edge a site's layer is what it has live there", () => {
  const layers = layersOf(model, WHOLE, "site");
  checkEdges(layers);
  for (const { row, bytes } of layers.shown.filter((layer) => layer.row !== OTHERS)) {
    for (let slice = 0; slice < 63; slice++) assert.equal(bytes[slice + 1], liveAfter(slice)[row]);
    assert.equal(bytes[64], data.sites.live_bytes[row]);
  }
});

test("the largest are shown, most first, and all others as one", () => {
  const { shown, found } = layersOf(model, WHOLE, "site");
  assert.equal(shown.length, 8);
  assert.equal(shown.at(-1).row, OTHERS);
  assert.ok(found > 8);
  const most = shown.slice(0, -1).map((layer) => layer.most);
  assert.deepEqual(most, most.toSorted((a, b) => b - a));
  const all = data.sites.live_bytes.slice();
  for (let slice = 0; slice < 63; slice++) {
    liveAfter(slice).forEach((bytes, row) => { all[row] = Math.max(all[row], bytes); });
  }
  assert.deepEqual(most, all.sort((a, b) => b - a).slice(0, 7));
});

test("a function's layer is of all sites that are called by it", () => {
  const layers = layersOf(model, WHOLE, "function");
  checkEdges(layers);
  const [first] = layers.shown;
  const live = liveAfter(30);
  const own = data.sites.stack.map((stack) => siteName(model, stack))
    .map(({ name, place }) => name === first.name && place.startsWith(first.place));
  assert.ok(own.filter(Boolean).length > 1);
  assert.equal(first.bytes[31], sum(live.filter((_, row) => own[row])));
});

test("a search leaves the others out", () => {
  const matching = model.matching("json");
  for (const by of ["site", "function"]) {
    checkEdges(layersOf(model, { ...WHOLE, search: "json" }, by), (row) => matching[row]);
  }
  assert.deepEqual(layersOf(model, { ...WHOLE, search: "no such name" }, "site").shown, []);
});

test("which are the largest is a matter of the range; the layers are of the whole run", () => {
  const early = example({ sites: 2, rowsPerSite: 1 });
  Object.assign(early.slices.blocks,
    { site: [0, 1], born: [-1, 40], died: [20, 64], count: [1, 1], bytes: [9, 7] });
  const layersIn = (from, to) => layersOf(createModel(early), { from, to, search: "" }, "site");
  assert.deepEqual(layersIn(null, null).shown.map(({ row }) => row), [0, 1]);
  assert.deepEqual([...layersIn(null, null).total].slice(18, 43), [9, 9, 9, ...Array(20).fill(0), 7, 7]);
  const late = layersIn(30, 50);
  assert.deepEqual(late.shown.map(({ row, most }) => [row, most]), [[1, 7], [OTHERS, 0]]);
  assert.deepEqual([late.found, late.total[0], late.range], [1, 9, [30, 51]]);
});

test("layers of one name are told apart", () => {
  const names = layersOf(model, WHOLE, "site").shown.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
});

test("a time is read at the edge next to it", () => {
  const edges = [0, 1, 2, 4];
  for (const [time, edge] of [[-1, 0], [0.4, 0], [0.6, 1], [2.9, 2], [3.1, 3], [9, 3]]) {
    assert.equal(edgeAt(edges, time), edge, `${time}`);
  }
});

test("the legend has room, however narrow the chart", () => {
  assert.ok(marginsOf(360, 8).top > marginsOf(1000, 8).top);
  assert.ok(Number.isFinite(marginsOf(10, 8).top));
});
