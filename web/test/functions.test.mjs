// SPDX-License-Identifier: MIT
// Sums by function against plain ones over every site's stack.
import assert from "node:assert/strict";
import { test } from "node:test";
import { example } from "./example.mjs";
import { load } from "./load.mjs";

const { NOBODY, functionKey, functionNumber, functionsOf, neighboursOf, stackOf, sumFunctions,
  withoutStack } = await load("src/data/functions.ts");
const { createModel } = await load("src/data/model.ts");

/** Sites with stacks given as "main > parse > parse"; all functions are of one file. */
function dataOf(...stacks) {
  const strings = ["", ...new Set(stacks.flatMap((text) => text.split(" > ")).filter(Boolean))];
  const zeros = strings.map(() => 0);
  const frames = { function: strings.map((_, i) => i), file: zeros, line: zeros, module: zeros,
    inlined: zeros };
  const tree = { parent: [0], frame: [0] };
  const stack = stacks.map((text) => text.split(" > ").filter(Boolean).reduce((parent, name) => {
    tree.frame.push(strings.indexOf(name));
    return tree.parent.push(parent) - 1;
  }, 0));
  const sites = { id: stack.map((_, i) => i), stack };
  return { strings, frames, stacks: tree, sites, slices: null, report: {} };
}

/** Functions on a site's stack, innermost first. */
function pathOf(data, row) {
  const { of } = functionsOf(data);
  const path = [];
  for (let at = data.sites.stack[row]; at !== 0; at = data.stacks.parent[at]) {
    path.push(of[data.stacks.frame[at]]);
  }
  return path;
}

/** What sites have of which `of` says something, each of it once a site. */
function plainSums(data, weights, of) {
  const sums = new Map();
  data.sites.stack.forEach((_, row) => {
    for (const key of new Set(of(pathOf(data, row)))) sums.set(key, (sums.get(key) ?? 0) + weights[row]);
  });
  return sums;
}

const rows = (neighbours) =>
  Object.fromEntries(neighbours.map(({ function: number, weight }) => [number, weight]));

function checkAll(data, weights) {
  const { inclusive, self } = sumFunctions(data, weights);
  const whole = plainSums(data, weights, (path) => path);
  const own = plainSums(data, weights, (path) => path.slice(0, 1));
  const calls = plainSums(data, weights, (path) => path.map((to, i) => `${path[i + 1] ?? NOBODY} ${to}`));
  for (let number = 0; number < inclusive.length; number++) {
    assert.equal(inclusive[number], whole.get(number) ?? 0);
    assert.equal(self[number], own.get(number) ?? 0);
    const expected = { callers: {}, callees: {} };
    for (const [call, weight] of calls) {
      const [from, to] = call.split(" ").map(Number);
      if (from === to || weight === 0) continue;
      if (to === number) expected.callers[from] = weight;
      if (from === number) expected.callees[to] = weight;
    }
    const { callers, callees } = neighboursOf(data, weights, number);
    assert.deepEqual(rows(callers), expected.callers);
    assert.deepEqual(rows(callees), expected.callees);
    for (const side of [callers, callees]) {
      const order = side.map(({ weight }) => weight);
      assert.deepEqual(order, order.toSorted((a, b) => b - a));
    }
  }
}

test("sums, callers and callees of a program", () => {
  const data = example({ sites: 300 });
  checkAll(data, data.sites.alloc_bytes);
  checkAll(data, data.sites.leaked_bytes);
});

test("recursion counts nothing twice", () => {
  checkAll(dataOf("main > walk > walk > walk", "main > walk", "walk > node > walk > node",
    "main > a > b > a > b > c"), [1, 2, 4, 8]);
});

test("without recursion callers add up to the whole, and so do callees and the function itself", () => {
  const data = dataOf("main > a > x", "main > b > x > y", "start > x", "main > b > y");
  const weights = [1, 2, 4, 8];
  const { inclusive, self } = sumFunctions(data, weights);
  const total = (side) => side.reduce((sum, { weight }) => sum + weight, 0);
  for (let number = 1; number < inclusive.length; number++) {
    const { callers, callees } = neighboursOf(data, weights, number);
    assert.equal(total(callers), inclusive[number]);
    assert.equal(total(callees) + self[number], inclusive[number]);
  }
});

test("what has no stack is no function's", () => {
  const data = dataOf("main > a", "", "");
  assert.equal(withoutStack(data, [1, 2, 4]), 6);
  assert.equal(sumFunctions(data, [1, 2, 4]).self.reduce((sum, value) => sum + value, 0), 1);
});

test("functions go by their names, and two of one name by different ones", () => {
  const data = dataOf("main > read", "main > open");
  data.frames.file = [0, 0, 0, 1];
  data.frames.function[3] = data.frames.function[2];
  const model = createModel(data);
  const keys = [1, 2, 3].map((frame) => functionKey(model, functionsOf(data).of[frame]));
  assert.deepEqual(keys, ["main", "read", "read#2"]);
  for (const key of keys) assert.equal(functionKey(model, functionNumber(model, key)), key);
  assert.equal(functionNumber(model, "nothing"), undefined);
  assert.equal(model.frame(stackOf(data, functionNumber(model, "main"))).function, "main");
});
