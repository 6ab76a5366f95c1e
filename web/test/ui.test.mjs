// SPDX-License-Identifier: MIT
// The parts of the page that need no browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import { example } from "./example.mjs";
import { load } from "./load.mjs";

const { nextSort, parseSort, sortRows } = await load("src/ui/order.ts");
const { topOf, visibleRows } = await load("src/ui/span.ts");
const { csvText } = await load("src/ui/csv.ts");
const { fault } = await load("src/data/load.ts");
const { commandLine, siteName } = await load("src/ui/names.ts");
const { createModel } = await load("src/data/model.ts");
const { fileColumns, shownColumns, siteColumns } = await load("src/ui/columns.ts");
const { START } = await load("src/state.ts");
const { allocatorWords, caveats, summary, verdict } = await load("src/data/verdict.ts");

test("the order of rows", () => {
  const values = [3, null, 10, -1, 3];
  const by = (ascending) => sortRows([0, 1, 2, 3, 4], (row) => values[row], ascending);
  assert.deepEqual(by(false), [2, 0, 4, 3, 1]);
  assert.deepEqual(by(true), [3, 0, 4, 2, 1]);
  const names = ["b", "A", "c"];
  assert.deepEqual(sortRows([0, 1, 2], (row) => names[row], true), [1, 0, 2]);
});

test("a click on a title", () => {
  assert.deepEqual(parseSort("-site"), { column: "site", ascending: true });
  assert.equal(nextSort("x", "alloc_bytes", true), "alloc_bytes");
  assert.equal(nextSort("alloc_bytes", "alloc_bytes", true), "-alloc_bytes");
  assert.equal(nextSort("-alloc_bytes", "alloc_bytes", true), "alloc_bytes");
  assert.equal(nextSort("alloc_bytes", "site", false), "-site");
});

test("every row in sight is drawn, wherever the details are", () => {
  for (const open of [-1, 0, 500, 999]) {
    const layout = { rows: 1000, height: 50, open, detail: 333 };
    for (let top = 0; top < topOf(layout, 1000); top += 97) {
      const [first, last] = visibleRows(layout, top, 600);
      assert.ok(topOf(layout, first) <= top, `open ${open}, top ${top}`);
      assert.ok(last === 1000 || topOf(layout, last) >= top + 600, `open ${open}, top ${top}`);
      assert.ok(last - first < 60);
    }
  }
  assert.deepEqual(visibleRows({ rows: 0, height: 50, open: -1, detail: 0 }, 0, 600), [0, 0]);
});

test("CSV quotes what must be quoted", () => {
  const values = [["a,b", 1.5], ['say "x"', null], ["two\nlines", -3]];
  const columns = ["name", "n"].map((title, i) => ({ title, value: (row) => values[row][i] }));
  assert.equal(csvText({ name: "t", columns, length: 3 }),
    'name,n\r\n"a,b",1.5\r\n"say ""x""",\r\n"two\nlines",-3\r\n');
});

test("data of another schema is refused in words", () => {
  assert.equal(fault(example({ sites: 1 })), null);
  assert.match(fault({ schema: "ccmem-dashboard/2" }), /ccmem-dashboard\/1.*ccmem-dashboard\/2/);
  assert.match(fault({ schema: "ccmem-dashboard/1" }), /incomplete/);
  assert.match(fault({}), /null/);
  assert.match(fault([]), /schema/);
  assert.match(fault(null), /no report/);
});

/** Data of sites whose stacks have these functions, innermost first. */
function stacksOf(...stacks) {
  const data = example({ sites: stacks.length, rowsPerSite: 1 });
  const functions = [...new Set(stacks.flat())];
  const zeros = functions.map(() => 0);
  data.strings = ["", ...functions.filter((name) => name !== "")];
  data.frames = { function: functions.map((name) => data.strings.indexOf(name)), file: zeros, line: zeros,
    module: zeros, inlined: functions.map((name) => (name.startsWith("inline") ? 1 : 0)) };
  data.stacks = { parent: [0], frame: [0] };
  data.sites.stack = stacks.map((stack) => stack.toReversed().reduce((parent, name) => {
    data.stacks.frame.push(functions.indexOf(name));
    return data.stacks.parent.push(parent) - 1;
  }, 0));
  return data;
}

function names(...stacks) {
  const data = stacksOf(...stacks);
  const model = createModel(data);
  return data.sites.stack.map((stack) => siteName(model, stack)).map(({ name, way }) => [name, way]);
}

test("what a site is called", () => {
  assert.deepEqual(names(["read", "load", "main"]), [["read", "\u2190 load \u2190 main"]]);
  assert.deepEqual(names(["", "read", "", "inline_load", "main"]), [["read", "\u2190 main"]]);
  assert.deepEqual(names([""]), [["?", ""]]);
  assert.deepEqual(names([]), [["(no stack)", ""]]);
});

test("a site is not called by what all allocate by", () => {
  const users = Array.from({ length: 8 }, (_, i) => ["xmalloc", `user${i}`, "main"]);
  assert.deepEqual(names(...users)[3], ["user3", "via xmalloc \u2190 main"]);
  assert.deepEqual(names(...users.slice(1))[3], ["xmalloc", "\u2190 user4 \u2190 main"]);
});

test("places and programs are told shortly", () => {
  const data = example();
  const model = createModel(data);
  assert.match(siteName(model, data.sites.stack[50]).place, /^src\/\w+\.\w+:\d+$/);
  assert.equal(commandLine(data.report), "server --port 8080");
});

test("a run in words", () => {
  const data = example();
  assert.match(summary(data), /^Peak 11\.5 MiB, .* not freed\.$/);
  const words = verdict(data).join(" ");
  assert.match(words, /In 12\.0 s it allocated .* blocks\. At its peak, .* it held 11\.5 MiB\./);
  assert.match(allocatorWords(data.report), /Not verified/);
  assert.deepEqual(caveats(data), []);
});

test("a run that did nothing, or that was only counted", () => {
  const report = { ...example().report, alloc_count: 0, alloc_bytes: 0, peak_allocated: 0, leaked_bytes: 0,
    temporary_count: 0 };
  assert.equal(summary({ report }), "It allocated nothing.");
  assert.deepEqual(verdict({ report }), ["In 12.0 s it allocated nothing."]);
  const counted = { ...example().report, mode: "count", peak_allocated: null, peak_time: null,
    leaked_bytes: null, temporary_count: null, lost_events: 5 };
  assert.match(summary({ report: counted }), /allocations/);
  assert.equal(verdict({ report: counted }).length, 1);
  assert.equal(caveats({ report: counted }).length, 2);
});

test("the table of sites has the columns that most look for, and what it is sorted by", () => {
  const model = createModel(example({ sites: 3 }));
  const ids = (columns) => columns.map(({ id }) => id);
  const shown = (state) => {
    const all = siteColumns(model, { ...START, ...state });
    return ids(shownColumns(all, { ...START, ...state }));
  };
  const few = shown({});
  assert.deepEqual(few, ["site", "bytes_at_peak", "alloc_bytes", "alloc_count", "leaked_bytes"]);
  assert.deepEqual(shown({ sort: "-peak_bytes" }), [...few, "peak_bytes"]);
  const all = ids(siteColumns(model, START));
  assert.deepEqual(shown({ columns: "all" }), all);
  assert.ok(all.length > few.length);
  assert.ok(shown({ from: 1, to: 2 }).includes("live_bytes"), "a range has few columns");
  const file = ids(fileColumns(model, siteColumns(model, START)));
  for (const id of all) assert.ok(file.includes(id), id);
});
