// SPDX-License-Identifier: MIT
// Two runs on one page.
import assert from "node:assert/strict";
import { exactly, fragment, rowsOf, section } from "../page_parts.mjs";

/** Nine digits after the point are shown at most. */
const isNear = (a, b) => Math.abs(a - b) <= Math.max(Math.abs(b) * 1e-8, 1e-8);
const minus = (text) => /[-−]\d|^[-−]/.test(text);

async function fieldsAreThere({ opened, page, data }) {
  await opened.go(fragment("diff"));
  const rows = await rowsOf(section(page, "diff").locator("table").first());
  let compared = 0;
  for (const { name, old, new: now, change } of data.diff.fields) {
    const row = rows.find((one) => one.row === name);
    if (!row) continue;
    compared++;
    const texts = Object.values(row.cells);
    const numbers = texts.map(({ title, text }) => exactly(title || text));
    for (const value of [old, now])
      if (value !== null) assert.ok(numbers.some((n) => isNear(n, value)), `${name}: no ${value}: ${numbers}`);
    const isKnown = !texts.some(({ text }) => text === "not known"); // both below what the clock takes
    if (change < 0 && isKnown) assert.ok(texts.some(({ text }) => minus(text)), `${name}: no minus`);
  }
  assert.ok(compared >= 5, `${compared} figures are compared`);
}

async function sitesAreThere({ opened, page, data }) {
  await opened.go(fragment("diff"));
  const tables = section(page, "diff").locator("table");
  assert.ok((await tables.count()) >= 2, "no table of sites");
  const { sites, diff } = data;
  const changes = sites.id.map((_, i) => sites.alloc_bytes[i] - diff.sites.old_alloc_bytes[i]);
  assert.ok(changes.some((c) => c !== 0));
  assert.ok((await tables.nth(1).locator("tbody tr").count()) > 0, "no site");
}

async function flamesDiffer({ opened, page }) {
  await opened.go(fragment("diff"));
  const canvas = section(page, "diff").locator("canvas").first();
  await canvas.waitFor();
  assert.ok((await canvas.boundingBox()).height > 20);
}

export const comparing = {
  "fields of both": fieldsAreThere,
  "sites of both": sitesAreThere,
  "a differential flame graph": flamesDiffer,
};
