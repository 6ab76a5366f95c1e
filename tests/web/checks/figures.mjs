// SPDX-License-Identifier: MIT
// The numbers on the page are those of the report.
import assert from "node:assert/strict";
import { exactly, fragment, numbersIn, openTable, rowsOf, section, standsFor, viewsOf }
  from "../page_parts.mjs";

/** Fields that a page of the mode must show. */
const KEY = { full: ["peak_allocated", "alloc_count", "alloc_bytes", "leaked_bytes"],
              sample: ["peak_allocated", "alloc_count", "alloc_bytes"], count: ["alloc_count", "alloc_bytes"] };
const TOP = 15;

/** {figure: [{text, title}]} of the whole page. */
function shownFigures(page) {
  return page.locator("[data-figure]").evaluateAll((elements) => elements.map((e) =>
    ({ name: e.dataset.figure, text: e.textContent.trim(), title: e.title })));
}

const expected = (report, name) => (name === "threads" ? report.thread_stats.length
  : name.split(".").reduce((value, key) => value?.[key], report));

const isLatency = (name) => /_latency_p\d+$/.test(name);

/** What is less than reading the clock takes is told as that. */
const asTold = (value, report) => Math.max(value, report.latency_timer_ns ?? 0);

function checkFigure({ name, text, title }, value, report) {
  assert.notEqual(value, undefined, `${name} is no field of the report`);
  if (value === null) return assert.doesNotMatch(text, /\d/, `${name}: "${text}" is not known`);
  if (typeof value === "object") return assert.match(text, /\w/, name); // told in words
  if (typeof value !== "number") return assert.ok(text.includes(String(value)), `${name}: "${text}"`);
  if (title) assert.ok(Math.abs(exactly(title) - value) <= Math.abs(value) * 1e-8,
                       `${name}: title "${title}", not ${value}`);
  const told = isLatency(name) ? asTold(value, report) : value;
  assert.equal(text.startsWith("<"), told !== value, `${name}: "${text}" of ${value}`);
  const scaled = /time|duration|seconds/.test(name) ? told * 1e9 : told;
  const shown = numbersIn(text);
  assert.ok(shown.some((number) => standsFor(number, scaled) || standsFor(number, 100 * told)),
            `${name}: "${text}", not ${value}`);
}

async function overviewFigures({ opened, page, report }) {
  await opened.go();
  const shown = await shownFigures(page);
  for (const figure of shown) checkFigure(figure, expected(report, figure.name), report);
  const names = new Set(shown.map(({ name }) => name));
  if (report.alloc_count === 0) return;
  assert.deepEqual(KEY[report.mode].filter((name) => !names.has(name)), [], "not on the page");
}

/** Rows of the data, most bytes at the peak first, without those of an old run alone. */
function bySize({ sites }) {
  return sites.id.map((id, row) => ({ id, row, size: sites.bytes_at_peak[row] }))
    .filter(({ row }) => sites.alloc_count[row] > 0)
    .sort((a, b) => b.size - a.size);
}

async function sitesTable({ opened, page, data, report }) {
  if (data.sites.id.length === 0) return;
  await opened.go(fragment("sites"));
  const rows = await rowsOf(section(page, "sites").locator("table").first());
  const largest = bySize(data);
  assert.ok(rows.length >= Math.min(TOP, largest.length), `${rows.length} rows`);
  for (const [i, { row, cells }] of rows.slice(0, TOP).entries()) {
    const at = data.sites.id.indexOf(Number(row));
    assert.equal(data.sites.bytes_at_peak[at], largest[i].size, `row ${i}`);
    for (const [name, { text, title }] of Object.entries(cells)) {
      const value = data.sites[name]?.[at];
      if (typeof value !== "number" || name === "stack") continue;
      assert.equal(exactly(title || text), value, `site ${row}, ${name}`);
    }
  }
  if (report.sites) assert.equal(largest.length, report.sites.length);
}

/** The tables of the page, and the sites of the report, one by one. */
function tablesAgree({ data, report }) {
  if (!report.sites) return;
  for (const [row, id] of data.sites.id.entries()) {
    const site = report.sites.find((one) => one.id === id);
    for (const name of ["alloc_count", "alloc_bytes", "live_bytes", "leaked_bytes", "bytes_at_peak"])
      if (site) assert.equal(data.sites[name][row], site[name] ?? 0, `site ${id}, ${name}`);
      else assert.ok(data.diff, `site ${id} is not in the report`);
  }
}

async function percentiles({ opened, page, report }) {
  if (!report.alloc_latency_samples) return;
  await opened.go(fragment("latency"));
  const text = await section(page, "latency").innerText();
  const shown = numbersIn(text);
  for (const call of ["alloc", "free"])
    for (const p of ["p50", "p95", "p99", "p999"]) {
      const value = report[`${call}_latency_${p}`];
      if (value === null) continue;
      const told = asTold(value, report);
      assert.ok(shown.some((n) => standsFor(n, told)), `${call} ${p}: ${value}`);
      if (told !== value) assert.match(text, /p\d\d(\.\d)? < \d/, `${call} ${p}: ${value}`);
    }
}

const hasRow = (rows, values) => rows.some(({ cells }) => {
  const numbers = Object.values(cells).map(({ title, text }) => exactly(title || text));
  return values.every((value) => numbers.includes(value));
});

async function flow({ opened, page, report }) {
  const pairs = report.cross_thread_flow ?? [];
  if (pairs.length === 0) return;
  await opened.go(fragment("flow"));
  const rows = await openTable(page, "flow");
  for (const { count, bytes } of pairs.slice(0, TOP))
    assert.ok(hasRow(rows, [count, bytes]), `no row of ${count} blocks, ${bytes} bytes`);
}

async function threads({ opened, page, report }) {
  if (report.alloc_count === 0) return;
  await opened.go(fragment("threads"));
  const view = section(page, "threads");
  if (await view.locator(".absent").count()) return;
  if (!(await view.locator("table").count())) await openTable(page, "threads");
  const rows = await rowsOf(view.locator("table").first());
  for (const { alloc_count, free_count } of report.thread_stats)
    assert.ok(hasRow(rows, [alloc_count, free_count]), `no thread with ${alloc_count}, ${free_count}`);
}

/** Nothing that was to be a number is none. */
async function noNonsense({ opened, page, data }) {
  for (const id of viewsOf(data)) {
    await opened.go(fragment(id));
    const text = await section(page, id).innerText();
    assert.doesNotMatch(text, /\bNaN\b|\bInfinity\b|\bundefined\b|\[object/, id);
  }
}

export const figures = {
  "figures are those of the report": overviewFigures,
  "the table of sites": sitesTable,
  "tables agree with the report": tablesAgree,
  "percentiles": percentiles,
  "flow between threads": flow,
  "threads": threads,
  "no nonsense": noNonsense,
};
