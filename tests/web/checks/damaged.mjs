// SPDX-License-Identifier: MIT
// Data that are no data: the page says so in words.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { openPage } from "../browser.mjs";
import { make } from "../data.mjs";
import { DATA, writePage } from "../pages.mjs";

const edited = (change) => (text) => text.replace(DATA, (_, a, data, b) => a + change(data) + b);

const BROKEN = {
  "no data": edited(() => ""),
  "data that were cut off": edited((data) => data.slice(0, Math.floor(data.length / 2))),
  "data of no alphabet": edited(() => "%%%"),
  "data that are not compressed": edited(() => btoa("{}")),
};

/** Says in words what is wrong, and nothing breaks on the way. */
async function saysSo(browser, file) {
  const opened = await openPage(browser, file);
  try {
    const words = await opened.page.locator("[role=alert]").first().innerText();
    assert.match(words, /\w+ \w+ \w+/);
    assert.deepEqual(opened.foreign, []);
    assert.deepEqual(opened.errors.filter((error) => /Uncaught|at .*:\d+:\d+/.test(error)), []);
  } finally {
    await opened.close();
  }
}

export async function damaged({ template, work }, browser, check) {
  const file = path.join(work, "damaged.html");
  writePage(file, template, make({ sites: 3 }));
  const whole = readFileSync(file, "utf8");
  for (const [name, breaking] of Object.entries(BROKEN))
    await check(name, () => {
      writeFileSync(file, breaking(whole));
      return saysSo(browser, file);
    });
  await check("data of another version", () => {
    writePage(file, template, { ...make({ sites: 3 }), schema: "ccmem-dashboard/2" });
    return saysSo(browser, file);
  });
}
