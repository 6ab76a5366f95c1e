// SPDX-License-Identifier: MIT
// Boxes of the flame graph against sums over the sites, which are made another way.
import assert from "node:assert/strict";
import { test } from "node:test";
import { example } from "./example.mjs";
import { load } from "./load.mjs";

const { layout, callers } = await load("src/flame/layout.ts");
const { pathsOf, pathTo } = await load("src/flame/paths.ts");
const { stepsTo, invertedKey } = await load("src/flame/zoom.ts");
const { boxColour, changeColour, foundColour, originColour, plainColour } = await load("src/flame/colour.ts");
const { boxAt, fitText, shapeOf } = await load("src/flame/shapes.ts");
const { figuresOf, kindOf, placesOf } = await load("src/diff/places.ts");

const NARROW = 1 / 1200;

/** Data of stacks given as "main > parse > parse"; frames go by the names. */
function dataOf(stacks, weights) {
  const strings = ["", "app", "app.c"];
  const frames = { function: [], file: [], line: [], module: [], inlined: [] };
  const tree = { parent: [0], frame: [0] };
  const frameOf = (name) => {
    let number = frames.function.findIndex((text) => strings[text] === name);
    if (number >= 0) return number;
    strings.push(name);
    number = frames.function.push(strings.length - 1) - 1;
    frames.file.push(2), frames.line.push(number), frames.module.push(1), frames.inlined.push(0);
    return number;
  };
  const stack = stacks.map((text) => text.split(" > ").reduce((parent, name) => {
    tree.parent.push(parent);
    return tree.frame.push(frameOf(name)) - 1;
  }, 0));
  return { strings, frames, stacks: tree, sites: { id: stack.map((_, i) => i), stack },
    weights: Float64Array.from(weights) };
}

function lay(data, weights, more = {}) {
  const state = { zoom: 0, inverted: false, recursion: false, ...more };
  return layout(pathsOf(data, state.recursion), { weights, other: more.other, inverted: state.inverted,
    zoom: stepsTo(data, state), narrowest: more.narrowest ?? 0 });
}

const nameOf = (data, box) => box.smaller ? `+${box.smaller}`
  : box.stack ? data.strings[data.frames.function[data.stacks.frame[box.stack]]] : "all";

/** "all 6 [main 6 [a 4, b 2]]" */
function drawn(data, box) {
  const children = box.children.map((child) => drawn(data, child)).join(", ");
  return `${nameOf(data, box)} ${box.weight}${children && ` [${children}]`}`;
}

function checkSums({ boxes, order }, weights) {
  for (const box of boxes) {
    const children = box.children.reduce((sum, child) => sum + child.weight, 0);
    assert.equal(box.weight, children + box.self);
    const rows = order.slice(...box.rows).reduce((sum, row) => sum + weights[row], 0);
    assert.equal(box.weight, rows);
    let offset = box.offset;
    for (const child of box.children) {
      assert.equal(child.offset, offset);
      offset += child.weight;
    }
  }
}

test("boxes merge what is called the same way, heaviest first", () => {
  const data = dataOf(["main > b", "main > a", "main > a > c", "main"], [2, 3, 1, 5]);
  assert.equal(drawn(data, lay(data, data.weights).root), "all 11 [main 11 [a 4 [c 1], b 2]]");
});

test("inverted, the allocating functions come first", () => {
  const data = dataOf(["main > a > malloc", "main > b > malloc", "main > a"], [2, 3, 1]);
  assert.equal(drawn(data, lay(data, data.weights, { inverted: true }).root),
    "all 6 [malloc 5 [b 3 [main 3], a 2 [main 2]], a 1 [main 1]]");
});

test("recursion, direct and through others, is one call", () => {
  const data = dataOf(["main > f > f > f > g", "main > f > g > f > h > f > g > k", "main > f > g > f"], [1, 2, 4]);
  assert.equal(drawn(data, lay(data, data.weights, { recursion: true }).root),
    "all 7 [main 7 [f 7 [g 3 [k 2]]]]");
  assert.equal(drawn(data, lay(data, data.weights, { recursion: true, inverted: true }).root),
    "all 7 [f 4 [main 4], k 2 [g 2 [f 2 [main 2]]], g 1 [f 1 [main 1]]]");
});

test("what is too narrow is summed up", () => {
  const data = dataOf(["main > a", "main > b", "main > c"], [1000, 1, 2]);
  const made = lay(data, data.weights, { narrowest: 0.01 });
  assert.equal(drawn(data, made.root), "all 1003 [main 1003 [a 1000, +2 3]]");
  checkSums(made, data.weights);
});

test("every box is the sum of its children and its own; the root is the report's figure", () => {
  const data = example({ sites: 3000 });
  for (const name of ["bytes_at_peak", "alloc_bytes", "leaked_bytes", "alloc_count"]) {
    const weights = Float64Array.from(data.sites[name]);
    for (const inverted of [false, true]) {
      for (const recursion of [false, true]) {
        const made = lay(data, weights, { inverted, recursion, narrowest: NARROW });
        checkSums(made, weights);
        assert.equal(made.root.weight, weights.reduce((sum, weight) => sum + weight, 0));
      }
    }
  }
  assert.equal(lay(data, Float64Array.from(data.sites.bytes_at_peak)).root.weight, data.report.peak_allocated);
});

test("a zoom shows the same box as the whole does, either way round", () => {
  const data = example({ sites: 500 });
  const weights = Float64Array.from(data.sites.alloc_bytes);
  for (const inverted of [false, true]) {
    for (const recursion of [false, true]) {
      const options = { inverted, recursion, narrowest: NARROW };
      const { boxes } = lay(data, weights, options);
      for (const box of boxes.filter((candidate) => candidate.depth === 4 && !candidate.smaller)) {
        const { root } = lay(data, weights, { ...options, zoom: box.key });
        assert.equal(root.weight, box.weight);
        assert.equal(nameOf(data, root), nameOf(data, box));
        assert.equal(root.key, box.key);
        const way = stepsTo(data, { inverted, recursion, zoom: box.key }).map((step) => step.function);
        assert.equal(way.length, callers(box).length - 1);
      }
    }
  }
});

test("a zoom that is no box shows all", () => {
  const data = dataOf(["main"], [1]);
  for (const zoom of [99, -1, NaN, 0.5]) assert.deepEqual(stepsTo(data, { zoom, inverted: false }), []);
  assert.deepEqual(stepsTo(data, { zoom: invertedKey(99, 1), inverted: true }), []);
});

test("nothing, rows without a stack, and rows that weigh nothing", () => {
  const none = dataOf([], []);
  assert.equal(drawn(none, lay(none, none.weights).root), "all 0");
  const empty = dataOf(["main", "main > a"], [0, -3]);
  assert.equal(drawn(empty, lay(empty, empty.weights).root), "all 0");
  const data = dataOf(["main", "main > a"], []);
  data.sites.stack[0] = 0;
  assert.equal(drawn(data, lay(data, Float64Array.of(4, 1)).root), "all 5 [main 1 [a 1]]");
});

test("in a diff a box holds what was there in either run", () => {
  const data = dataOf(["main > a", "main > b"], [4, 0]);
  const { root } = lay(data, data.weights, { other: Float64Array.of(1, 7) });
  assert.equal(root.other, 8);
  const [main] = root.children;
  assert.equal(main.other, 8);
  assert.equal(drawn(data, main), "main 4 [a 4, +1 0]");
});

/** The shortest time of a few: others use the machine, too. */
function fastest(work) {
  const times = Array.from({ length: 5 }, () => {
    const start = performance.now();
    work();
    return performance.now() - start;
  });
  return Math.min(...times);
}

test("20,000 sites 60 calls deep are laid out within 50 ms", (context) => {
  const data = deep(20000, 60);
  const weights = Float64Array.from({ length: 20000 }, (_, row) => (row * 7919) % 10007);
  for (const recursion of [false, true]) {
    const paths = fastest(() => pathsOf({ ...data }, recursion)); // a copy: nothing is known of it yet
    const boxes = fastest(() => lay(data, weights, { recursion, narrowest: NARROW }));
    context.diagnostic(`paths, once: ${paths.toFixed(1)} ms; boxes, each time: ${boxes.toFixed(1)} ms`);
    assert.ok(boxes <= 50);
  }
});

/** Every site with a stack of its own below a common half. */
function deep(sites, depth) {
  const data = dataOf(["main"], [1]);
  const { parent, frame } = data.stacks;
  const names = 5000;
  data.frames = { function: Array.from({ length: names }, (_, i) => i), line: [], inlined: [],
    file: new Array(names).fill(0), module: new Array(names).fill(0) };
  const grow = (from, calls, seed) => {
    let at = from;
    for (let i = 0; i < calls; i++) {
      parent.push(at);
      at = frame.push((seed * 31 + i * 17) % names) - 1;
    }
    return at;
  };
  const trunk = grow(0, depth / 2, 1);
  data.sites.stack = Array.from({ length: sites }, (_, site) => grow(trunk, depth / 2, site));
  return data;
}

test("the box at a point is the one that is drawn there", () => {
  const data = example({ sites: 300 });
  const made = lay(data, Float64Array.from(data.sites.alloc_bytes), { narrowest: NARROW });
  for (const upward of [false, true]) {
    const size = { width: 1200, row: 20, upward };
    for (const box of made.boxes) {
      const { x, y, width } = shapeOf(made, box, size);
      if (width > 0.01) assert.equal(boxAt(made, x + width / 2, y + 10, size), box);
    }
  }
});

test("names are cut to fit", () => {
  const measure = (text) => text.length * 7;
  assert.equal(fitText("main", 100, measure), "main");
  assert.equal(fitText("a_long_name_of_a_function", 100, measure), "a_long_name…");
  assert.equal(fitText("main", 10, measure), "");
  assert.ok(fitText("x".repeat(4096), 1e6, measure).length < 400);
});

/** Contrast as WCAG 2 defines it. */
function contrast(a, b) {
  const luminance = (colour) => {
    const [r, g, blue] = colour.map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * blue;
  };
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

test("text is read on every colour, light and dark", () => {
  const names = Array.from({ length: 40 }, (_, i) => i + 1);
  const data = dataOf(names.map((name) => `f${name}`), []);
  data.frames.file = names;
  data.sites.alloc_bytes = names;
  for (const [dark, text] of [[false, [27, 31, 36]], [true, [230, 237, 243]]]) {
    const theme = { dark };
    const colours = [...names.map((name) => originColour(data, name, theme)), plainColour(theme),
      foundColour(theme), boxColour(data, { stack: 0 }, theme),
      ...[-1, -0.3, 0.3, 1, null].map((change) => changeColour(change, theme))];
    for (const colour of colours) {
      assert.ok(contrast(colour.match(/\d+/g).map(Number), text) >= 4.5, `${colour}, ${dark}`);
    }
  }
});

test("sites of one place are one, and what became of it is told", () => {
  const data = { sites: { id: [0, 1, 2, 3], alloc_count: [2, 3, 0, 1] }, diff: { sites: {
    place: [0, 0, 1, 2], significant: [1, null, 1, 0], old_alloc_count: [4, 0, 7, 2] } } };
  const { rows, significant } = placesOf(data);
  assert.deepEqual([...rows], [0, 2, 3]);
  const pair = figuresOf(data, "alloc_count");
  assert.deepEqual([...pair.new], [5, 0, 0, 1]);
  assert.deepEqual([...pair.old], [4, 0, 7, 2]);
  assert.deepEqual([...rows].map((row) => kindOf(pair, pair, significant[row] === 1, row)),
    ["grew", "vanished", "maybe chance"]);
});
