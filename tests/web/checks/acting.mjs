// SPDX-License-Identifier: MIT
// What a reader does with a page: select, search, sort, zoom, and pass on what is seen.
import assert from "node:assert/strict";
import { exactly, followed, fragment, goTo, rowsOf, section, VIEWS } from "../page_parts.mjs";

const table = (page) => section(page, "sites").locator("table").first();
const column = (rows, name) => rows.map(({ cells }) => exactly(cells[name].title || cells[name].text));

async function sorts({ opened, page }) {
  await opened.go(fragment("sites"));
  for (const name of ["alloc_count", "alloc_bytes"]) {
    const button = table(page).locator(`th [data-column="${name}"], th[data-column="${name}"] button`).first();
    await button.click();
    await opened.settled();
    const falling = column(await rowsOf(table(page)), name);
    assert.deepEqual(falling, falling.toSorted((a, b) => b - a), name);
    assert.equal((await followed(page)).sort, name);
    await button.click();
    await opened.settled();
    const rising = column(await rowsOf(table(page)), name);
    assert.deepEqual(rising, rising.toSorted((a, b) => a - b), name);
    const sorted = await table(page).locator("th[aria-sort=ascending]").count();
    assert.equal(sorted, 1, "aria-sort");
  }
}

/** Functions, files and modules of each row of the data. */
function textOfRows({ sites, stacks, frames, strings }) {
  return sites.stack.map((innermost) => {
    const words = [];
    for (let s = innermost; s !== 0; s = stacks.parent[s])
      for (const part of ["function", "file", "module"]) words.push(strings[frames[part][stacks.frame[s]]]);
    return words.map((word) => word.toLowerCase());
  });
}

/** A name that some rows have and some have not. */
function tellingName(data) {
  const rows = textOfRows(data);
  const found = data.strings.find((name) => /^[a-z_0-9]{4,}$/i.test(name) && (() => {
    const n = rows.filter((words) => words.some((word) => word.includes(name.toLowerCase()))).length;
    return n > 0 && n < rows.length;
  })());
  const count = rows.filter((words) => words.some((word) => word.includes(found?.toLowerCase()))).length;
  return { found, count };
}

async function searches({ opened, page, data }) {
  const { found, count } = tellingName(data);
  if (!found) return;
  await opened.go(fragment("sites"));
  await page.locator("input[type=search]").first().fill(found);
  await page.waitForFunction((word) => location.hash.includes(encodeURIComponent(word)), found);
  await opened.settled();
  const all = await table(page).getAttribute("aria-rowcount");
  const shown = await table(page).locator("tbody tr[data-row]").count();
  if (all && Number(all) > shown + 1) assert.ok(Math.abs(Number(all) - count) <= 1, `${all}, not ${count}`);
  else assert.equal(shown, count, `rows that have ${found}`);
  await page.locator("input[type=search]").first().fill("");
  await page.waitForFunction(() => !location.hash.includes("search="));
}

/** Blocks and bytes that a site allocated in slices, by the data. */
function inSlices({ slices: { blocks }, sites }, from, to) {
  const total = sites.id.map(() => ({ count: 0, bytes: 0 }));
  blocks.site.forEach((row, i) => {
    if (blocks.born[i] < from || blocks.born[i] > to) return;
    total[row].count += blocks.count[i];
    total[row].bytes += blocks.bytes[i];
  });
  return total;
}

async function showsTheRange({ page, data }, from, to) {
  const expected = inSlices(data, from, to);
  const rows = await rowsOf(table(page));
  assert.ok(rows.length > 0, "no sites in the range");
  for (const { row, cells } of rows) {
    const numbers = Object.values(cells).map(({ title, text }) => exactly(title || text));
    const { count, bytes } = expected[data.sites.id.indexOf(Number(row))];
    assert.ok(numbers.includes(count) && numbers.includes(bytes),
              `site ${row}: not ${count} blocks and ${bytes} bytes`);
  }
}

async function selectsByHandles({ opened, page, data }) {
  const last = data.slices.edges.length - 2;
  await opened.go(fragment("timeline"));
  const handle = (which) => page.locator(`input[data-handle="${which}"]`);
  await handle("from").press("ArrowRight");
  await handle("to").press("ArrowLeft");
  const state = await followed(page);
  assert.deepEqual([state.from, state.to], ["1", String(last - 1)]);
  await goTo(page, "sites");
  await opened.settled();
  await showsTheRange({ page, data }, 1, last - 1);
  const banner = page.locator("[data-range]").first();
  assert.match(await banner.innerText(), /\d/);
  await banner.locator("button").click();
  await page.waitForFunction(() => !/from=|to=/.test(location.hash));
}

async function selectsByDragging({ opened, page }) {
  await opened.go(fragment("timeline"));
  await opened.settled();
  const box = await section(page, "timeline").locator("canvas, svg").first().boundingBox();
  const y = box.y + Math.min(box.height / 2, 120);
  await page.mouse.move(box.x + box.width * 0.35, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.5, y, { steps: 4 });
  await page.mouse.move(box.x + box.width * 0.65, y, { steps: 4 });
  await page.mouse.up();
  await page.waitForFunction(() => /from=\d+/.test(location.hash) && /to=\d+/.test(location.hash));
  const { from, to } = await followed(page);
  assert.ok(Number(from) <= Number(to), `${from} to ${to}`);
}

async function zooms({ opened, page }) {
  await opened.go(fragment("flame"));
  const canvas = section(page, "flame").locator("canvas[tabindex='0'], [tabindex='0']:has(canvas)").first();
  await canvas.focus();
  for (const key of ["ArrowDown", "ArrowDown", "Enter"]) await page.keyboard.press(key);
  await page.waitForFunction(() => /zoom=\d+/.test(location.hash));
  const spoken = await section(page, "flame").locator("[aria-live]").allInnerTexts();
  assert.match(spoken.join(" "), /\d/, "nothing is spoken");
  const zoomed = (await followed(page)).zoom;
  await page.keyboard.press("Escape");
  assert.notEqual((await followed(page)).zoom, zoomed, "Escape goes back");
}

async function zoomsByClicking({ opened, page }) {
  await opened.go(fragment("flame"));
  const canvas = section(page, "flame").locator("canvas").first();
  const { height, width } = await canvas.boundingBox();
  for (const part of [0.08, 0.15, 0.25, 0.4]) {
    await canvas.click({ position: { x: width * 0.2, y: height * part } });
    await opened.settled();
    if ((await followed(page)).zoom) return;
  }
  assert.fail("no click zooms");
}

/** A link shows to others what was seen; what means nothing in it is left out. */
async function passesOn({ opened, page, data }) {
  const wanted = { view: "sites", from: "0", to: "1", weight: "alloc_bytes", search: "a",
                   sort: "-alloc_count", flow: "bytes", recursion: "1", inverted: "1" };
  if (data.slices.edges.length < 4) return;
  await opened.go(`#${new URLSearchParams(wanted)}`);
  await opened.settled();
  for (const view of VIEWS) await goTo(page, view);
  await goTo(page, "sites");
  await opened.settled();
  assert.deepEqual(await followed(page), wanted);
  await opened.go("#view=nothing&from=x&to=-1&weight=gold&site=1e9&zoom=99999999&sort=%00&new=1");
  await opened.settled();
  await page.locator("h2:visible").first().waitFor();
  assert.deepEqual(opened.errors, []);
}

async function expands({ opened, page, data }) {
  await opened.go(fragment("sites"));
  const button = table(page).locator("tbody [aria-expanded=false]").first();
  await button.click();
  await page.waitForFunction(() => /site=\d+/.test(location.hash));
  const id = Number((await followed(page)).site);
  let stack = data.sites.stack[data.sites.id.indexOf(id)];
  const shown = await section(page, "sites").innerText();
  for (; stack !== 0; stack = data.stacks.parent[stack]) {
    const frame = data.stacks.frame[stack];
    const line = data.frames.line[frame];
    const name = data.strings[data.frames.function[frame]];
    if (name && name.length < 60) assert.ok(shown.includes(name), name);
    if (line) assert.ok(shown.includes(String(line)), `${name}: line ${line}`);
  }
}

const background = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);

async function switchesTheme({ opened, page }) {
  await page.emulateMedia({ colorScheme: "light" });
  await opened.go();
  const light = await background(page);
  await page.locator("[data-action=theme]").click();
  await opened.settled();
  assert.notEqual(await background(page), light, "the switch");
  await page.locator("[data-action=theme]").click();
  await opened.settled();
  if ((await background(page)) !== light) await page.locator("[data-action=theme]").click();
  assert.equal(await background(page), light, "and back");
  await page.emulateMedia({ colorScheme: "dark" });
  await opened.go();
  assert.notEqual(await background(page), light, "the system's");
}

const CHARTS = ["timeline", "heatmap", "latency", "threads", "flow", "fragmentation"];

async function prints({ opened, page }) {
  await opened.go();
  await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  await opened.settled();
  assert.equal(await page.locator("nav:visible").count(), 0, "navigation is on paper");
  const paper = await background(page);
  assert.match(paper, /255, 255, 255|rgba\(0, 0, 0, 0\)/, "paper is white");
  assert.ok((await page.locator("section h2:visible").count()) >= 1);
  for (const view of CHARTS) {
    const layers = await section(page, view).locator(".chart-drawing canvas").count();
    assert.ok(layers <= 1, `${view}: of ${layers} layers only the last one comes to paper`);
  }
  const pdf = await page.pdf({ format: "A4" });
  assert.ok(pdf.length > 10000, `${pdf.length} bytes of PDF`);
}

/** The page writes its address now and then, also between that one goes to another and is there. */
async function goesWhereItIsTold({ opened, page }) {
  await opened.go(fragment("sites"));
  await page.evaluate(([there, late]) => {
    location.hash = there;
    history.replaceState(null, "", late);
  }, [fragment("latency"), fragment("sites")]);
  await section(page, "latency").and(page.locator(".front")).waitFor();
  assert.equal((await followed(page)).view, "latency");
}

export const acting = {
  "sorts": sorts,
  "searches": searches,
  "selects by handles": selectsByHandles,
  "selects by dragging": selectsByDragging,
  "zooms by keys": zooms,
  "zooms by clicking": zoomsByClicking,
  "passes on what is seen": passesOn,
  "goes where it is told": goesWhereItIsTold,
  "expands a site": expands,
  "switches its theme": switchesTheme,
  "prints": prints,
};
