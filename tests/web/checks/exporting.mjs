// SPDX-License-Identifier: MIT
// Charts and tables as files.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fragment, section, viewsOf } from "../page_parts.mjs";

const LOOKS = {
  svg: (bytes) => {
    const text = bytes.toString("utf8");
    assert.match(text, /^(<\?xml[^>]*>\s*)?<svg[\s>]/);
    assert.match(text, /<\/svg>\s*$/);
    assert.doesNotMatch(text.replace(/>[^<]*</g, "><"), /<script|onerror="/i);
    assert.match(text, /<(path|rect|text|polyline)\b/, "nothing is drawn");
  },
  png: (bytes) => {
    assert.equal(bytes.subarray(1, 4).toString(), "PNG");
    assert.ok(bytes.length > 1000, `${bytes.length} bytes`);
  },
  csv: (bytes) => {
    const lines = bytes.toString("utf8").trimEnd().split(/\r?\n/);
    assert.ok(lines.length >= 2 && lines[0].includes(","), lines[0]);
  },
};

const PAUSE_MS = 200; // a browser leaves out one of two files that are asked for at once

async function fileOf(page, button) {
  const [download] = await Promise.all([page.waitForEvent("download"), button.click()]);
  await page.waitForTimeout(PAUSE_MS);
  return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
}

/** Every chart is a picture, every table a CSV file; of all views that there are. */
async function exportsAll({ opened, page, data }) {
  for (const id of viewsOf(data)) {
    await opened.go(fragment(id));
    await opened.settled();
    const view = section(page, id);
    for (const button of await view.locator("[data-export]:visible").all()) {
      const kind = await button.getAttribute("data-export");
      try {
        const { name, bytes } = await fileOf(page, button);
        assert.ok(name.endsWith(`.${kind}`), name);
        LOOKS[kind](bytes);
      } catch (error) {
        throw new Error(`${id}, ${kind}: ${error.message}`, { cause: error });
      }
    }
    const drawn = await view.locator("canvas, svg").count();
    if (drawn) for (const kind of ["svg", "png"])
      assert.ok(await view.locator(`[data-export=${kind}]`).count(), `${id}: no ${kind}`);
  }
}

/** The file has every row and exact numbers, more than the page shows. */
async function sitesAreWhole({ opened, page, data }) {
  await opened.go(fragment("sites"));
  const { bytes } = await fileOf(page, section(page, "sites").locator("[data-export=csv]").first());
  const text = bytes.toString("utf8");
  const rows = text.trimEnd().split(/\r?\n/).length - 1;
  assert.ok(rows >= data.sites.id.length, `${rows} of ${data.sites.id.length} rows`);
  const most = Math.max(...data.sites.alloc_bytes);
  assert.ok(new RegExp(`(^|,)${most}(,|\\r?$)`, "m").test(text), `no ${most}`);
  assert.doesNotMatch(text, /(^|,)"?[=@]/m, "a spreadsheet would compute a name");
}

const TEXT = /<text\b([^>]*)>([^<]*)<\/text>/g;
const CHARTS = ["timeline", "heatmap", "latency", "threads", "flow", "fragmentation", "flame"];

/** Whatever stands on a line of its own: characters that markup needs are written otherwise there. */
const letters = (text) => text.replace(/&\w+;|\W/g, "");

/** A picture is passed on without the page: it says of which program it is, and what it shows. */
async function picturesStandAlone({ opened, page }) {
  for (const view of CHARTS) {
    await opened.go(fragment(view));
    await opened.settled();
    const button = section(page, view).locator("[data-export=svg]").first();
    if (!(await button.count())) continue;
    const program = letters(await page.title()).slice(0, 12);
    const label = await section(page, view).locator("[role=application]").first().getAttribute("aria-label");
    const { bytes } = await fileOf(page, button);
    const [first, ...others] = [...bytes.toString("utf8").matchAll(TEXT)].map(([, , text]) => text);
    assert.ok(letters(label).startsWith(letters(first)) && first.length > 10, `${view}: "${first}"`);
    assert.ok(others.some((text) => letters(text).startsWith(program)), `${view}: not of ${program}`);
  }
}

const LINE = 12; // pixels that a name takes

/** Names of threads in the drawing of flows, by the side on which they stand. */
async function threadNamesAreApart({ opened, page }) {
  await opened.go(fragment("flow"));
  await opened.settled();
  const view = section(page, "flow");
  if (await view.locator(".absent").count()) return;
  const { bytes } = await fileOf(page, view.locator("[data-export=svg]").first());
  const sides = { start: [], end: [] };
  for (const [, attributes] of bytes.toString("utf8").matchAll(TEXT)) {
    const at = /matrix?\([^)]*[ ,]([\d.]+)\)|translate\([\d.-]+ ([\d.-]+)\)/.exec(attributes);
    if (at) sides[/text-anchor="end"/.test(attributes) ? "end" : "start"].push(Number(at[1] ?? at[2]));
  }
  assert.ok(sides.start.length > 0 && sides.end.length > 0, "no names");
  for (const heights of Object.values(sides)) {
    const sorted = heights.toSorted((a, b) => a - b);
    const least = Math.min(...sorted.slice(1).map((y, i) => y - sorted[i]));
    assert.ok(least >= LINE, `two names are ${least} px apart`);
  }
}

export const exporting = {
  "exports all": exportsAll,
  "all sites are in the file": sitesAreWhole,
  "pictures stand alone": picturesStandAlone,
};
export const apart = { "names of threads are apart": threadNamesAreApart };
