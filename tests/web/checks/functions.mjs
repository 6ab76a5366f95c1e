// SPDX-License-Identifier: MIT
// Functions with their callers and callees, and live bytes over time by site and by function.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { exactly, followed, fragment, openTable, rowsOf, section } from "../page_parts.mjs";

const table = (page) => section(page, "functions").locator(".table-scroll > table");
const opened = (page) => section(page, "functions").locator("[data-function]");
const exact = ({ text, title }) => exactly(title || text);

/** Names on the stack of each row of sites, innermost first. */
function namesOfRows({ sites, stacks, frames, strings }) {
  return sites.stack.map((innermost) => {
    const names = [];
    for (let s = innermost; s !== 0; s = stacks.parent[s])
      names.push(strings[frames.function[stacks.frame[s]]]);
    return names;
  });
}

/** Where each name is that of one function, {name: {inclusive, self, sites}} of what sites have. */
function sumsOf(data, weights) {
  const sums = new Map();
  namesOfRows(data).forEach((names, row) => {
    for (const name of new Set(names)) {
      const sum = sums.get(name) ?? { inclusive: 0, self: 0 };
      sum.inclusive += weights[row];
      if (names[0] === name) sum.self += weights[row];
      sums.set(name, sum);
    }
  });
  return sums;
}

/** Bytes allocated from slice to slice, by row of sites. */
function allocatedIn({ sites, slices: { blocks } }, from, to) {
  const bytes = sites.id.map(() => 0);
  blocks.site.forEach((row, i) => {
    if (blocks.born[i] >= from && blocks.born[i] <= to) bytes[row] += blocks.bytes[i];
  });
  return bytes;
}

/** Names of several functions, or of none, are left out: they have rows of their own. */
function unambiguous(data) {
  const files = new Map();
  const { function: names, file, module } = data.frames;
  names.forEach((name, i) => files.set(name, (files.get(name) ?? new Set()).add(`${file[i]} ${module[i]}`)));
  const alone = [...files].filter(([name, all]) => name !== 0 && all.size === 1);
  return new Set(alone.map(([name]) => data.strings[name]));
}

async function checkRows(page, data, weights) {
  const sums = sumsOf(data, weights);
  const known = unambiguous(data);
  const rows = (await rowsOf(table(page))).filter(({ row }) => known.has(row));
  assert.ok(rows.length > 0, "no functions");
  for (const { row, cells } of rows) {
    const { inclusive, self } = sums.get(row);
    assert.deepEqual([exact(cells.inclusive), exact(cells.self)], [inclusive, self], row);
  }
}

async function figuresAreSums({ opened: at, page, data }) {
  for (const weight of ["bytes_at_peak", "alloc_bytes", "leaked_bytes", "alloc_count"]) {
    await at.go(fragment("functions", { weight }));
    await at.settled();
    await checkRows(page, data, data.sites[weight]);
  }
  await at.go(fragment("functions", { weight: "alloc_bytes", from: 1, to: 3 }));
  await at.settled();
  await checkRows(page, data, allocatedIn(data, 1, 3));
}

async function leadsToCallees({ opened: at, page, data }) {
  await at.go(fragment("functions", { search: data.strings[data.frames.function[data.stacks.frame[1]]] }));
  const row = table(page).locator("tbody .opener").first();
  await row.click();
  await opened(page).waitFor();
  const { function: first } = await followed(page);
  const callee = opened(page).locator("article").nth(1).locator("button").first();
  const name = await callee.locator(".name").textContent();
  await callee.click();
  const state = await followed(page);
  assert.equal(state.function.replace(/#\d+$/, ""), name);
  const callers = await opened(page).locator("article").first().locator(".name").allTextContents();
  assert.ok(callers.includes(first.replace(/#\d+$/, "")), `${name}: called by ${callers}, not ${first}`);
  const focused = await page.evaluate(() => document.activeElement.closest("tr")?.dataset.row);
  assert.equal(focused, state.function, "the focus is lost");
}

async function findsFunctions({ opened: at, page, data }) {
  const [name] = [...unambiguous(data)].filter((one) => one.length > 3).slice(-1);
  await at.go(fragment("functions", { search: name }));
  await at.settled();
  const rows = await rowsOf(table(page));
  assert.ok(rows.length > 0, name);
  for (const { row, cells } of rows) assert.ok(cells.function.text.includes(name), `${name}: ${row}`);
}

/** What is live at each edge, by the data. */
function liveAtEdges({ slices: { edges, blocks } }) {
  return edges.map((_, edge) => blocks.site.reduce((sum, _, i) =>
    sum + (blocks.born[i] < edge && edge <= blocks.died[i] ? blocks.bytes[i] : 0), 0));
}

async function layersAddUp({ opened: at, page, data }) {
  const expected = liveAtEdges(data);
  await at.go(fragment("timeline"));
  await openTable(page, "timeline");
  for (const by of ["site", "function"]) {
    await at.go(fragment("timeline", { by }));
    await at.settled();
    const rows = await rowsOf(section(page, "timeline").locator("details table"));
    assert.equal(rows.length, expected.length);
    rows.forEach(({ cells }, edge) => {
      const [, ...numbers] = Object.values(cells).map(exact);
      const together = numbers.pop();
      assert.equal(together, expected[edge], `by ${by}, edge ${edge}`);
      assert.equal(numbers.reduce((sum, value) => sum + value, 0), together);
    });
  }
}

async function switchesLayers({ opened: at, page }) {
  await at.go(fragment("timeline"));
  const view = section(page, "timeline");
  for (const by of ["site", "function"]) {
    await view.locator(`[data-by=${by}]`).click();
    assert.equal((await followed(page)).by, by);
    assert.equal(await view.locator(`[data-by=${by}]`).getAttribute("aria-pressed"), "true");
    await view.locator("[role=application]").focus();
    for (const key of ["ArrowRight", "ArrowRight", "ArrowUp"]) await page.keyboard.press(key);
    await at.settled();
    assert.match(await view.locator("[aria-live]").innerText(), /At .*: .* of .*B\./);
  }
  await view.locator("[data-by=all]").click();
  assert.equal((await followed(page)).by, undefined);
}

async function layersLeadToSites({ opened: at, page, data }) {
  await at.go(fragment("timeline", { by: "site" }));
  await section(page, "timeline").locator("ol button").first().click();
  const { view, site } = await followed(page);
  assert.equal(view, "sites");
  assert.ok(data.sites.id.includes(Number(site)), site);
}

async function layersAreFiles({ opened: at, page }) {
  await at.go(fragment("timeline", { by: "function" }));
  await at.settled();
  for (const [kind, look] of [["csv", /together/], ["svg", /<svg/], ["png", /PNG/]]) {
    const [download] = await Promise.all([page.waitForEvent("download"),
      section(page, "timeline").locator(`[data-export=${kind}]`).click()]);
    assert.equal(download.suggestedFilename(), `live-by-function.${kind}`);
    assert.match(readFileSync(await download.path(), "latin1"), look);
  }
}

async function fitAPhone({ opened: at, page, data }) {
  const laptop = page.viewportSize();
  await page.setViewportSize({ width: 390, height: 844 });
  const name = data.strings[data.frames.function[data.stacks.frame[1]]];
  for (const where of [fragment("functions", { function: name }), fragment("timeline", { by: "function" })]) {
    await at.go(where);
    await at.settled();
    const [wide, room] = await page.evaluate(() =>
      [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
    assert.ok(wide <= room, `${where}: ${wide} px wide on ${room}`);
  }
  await page.setViewportSize(laptop);
  assert.deepEqual(at.errors, []);
}

export const functions = {
  "functions' figures are sums of sites": figuresAreSums,
  "callers and callees lead to each other": leadsToCallees,
  "functions are found": findsFunctions,
  "layers add up to what is live": layersAddUp,
  "layers are chosen, and speak": switchesLayers,
  "layers lead to sites": layersLeadToSites,
  "layers are files": layersAreFiles,
  "functions and layers fit a phone": fitAPhone,
};
