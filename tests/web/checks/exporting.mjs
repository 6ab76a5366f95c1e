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
    assert.doesNotMatch(text, /<script|onerror="/i);
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

export const exporting = { "exports all": exportsAll, "all sites are in the file": sitesAreWhole };
