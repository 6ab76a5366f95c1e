// SPDX-License-Identifier: MIT
// What is selected on a page that is given newer data.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { carried } = await load("src/carry.ts");
const { START } = await load("src/state.ts");
const { invertedKey } = await load("src/flame/zoom.ts");

/** Data with slices between the edges, and stacks given as [parent, function]. */
function dataOf(edges, stacks = []) {
  const strings = ["", ...new Set(stacks.map(([, name]) => name))];
  const numbers = strings.map((_, i) => i);
  const zeros = strings.map(() => 0);
  return { slices: edges && { edges }, strings,
    frames: { function: numbers, file: zeros, line: zeros, module: zeros, inlined: zeros },
    stacks: { parent: [0, ...stacks.map(([parent]) => parent)],
      frame: [0, ...stacks.map(([, name]) => strings.indexOf(name))] } };
}

function range(before, now, from, to) {
  const state = carried({ ...START, from, to }, dataOf(before), dataOf(now));
  return [state.from, state.to];
}

test("a range is of the same time when slices become longer", () => {
  const before = [0, 1, 2, 3, 4, 4.5];
  const now = [0, 2, 4, 6, 6.5];
  assert.deepEqual(range(before, now, 2, 3), [1, 1]);
  assert.deepEqual(range(before, now, 1, 2), [0, 1]);
  assert.deepEqual(range(before, now, 3, 4), [1, 2]);
  assert.deepEqual(range(before, now, null, null), [null, null]);
  assert.deepEqual(range(before, [0, 1, 2, 3, 4, 5, 6], 2, 3), [2, 3]);
  assert.deepEqual(range(before, null, 2, 3), [2, 3]);
});

test("what fills the flame graph still does when its stack has another number", () => {
  const before = dataOf([0, 1], [[0, "main"], [1, "parse"], [2, "read"]]);
  const now = dataOf([0, 1], [[0, "start"], [0, "main"], [2, "other"], [2, "parse"], [1, "parse"], [4, "read"]]);
  const zoom = (state, to = now) => carried({ ...START, ...state }, before, to).zoom;
  assert.equal(zoom({ zoom: 0 }), 0);
  assert.equal(zoom({ zoom: 1 }), 2);
  assert.equal(zoom({ zoom: 2 }), 4);
  assert.equal(zoom({ zoom: 3 }), 6);
  assert.equal(zoom({ zoom: invertedKey(3, 2), inverted: true }), invertedKey(6, 2));
  assert.equal(zoom({ zoom: 99 }), 0, "no stack");
  assert.equal(zoom({ zoom: 3 }, dataOf([0, 1], [[0, "main"], [1, "parse"]])), 0, "it is not there");
});

test("all else stays", () => {
  const state = { ...START, view: "sites", search: "json", site: 7, sort: "-alloc_count" };
  assert.deepEqual(carried(state, dataOf([0, 1]), dataOf([0, 1, 2])), state);
});
