// SPDX-License-Identifier: MIT
// Names are text, whatever they look like.
import assert from "node:assert/strict";
import { fragment, section, viewsOf } from "../page_parts.mjs";

async function namesAreText({ opened, page, data }) {
  for (const id of viewsOf(data)) {
    await opened.go(fragment(id));
    await opened.settled();
    const odd = await page.evaluate(() => ({
      broken: window.broken ?? null,
      made: document.querySelectorAll("section b, img[src=x], section script").length }));
    assert.deepEqual(odd, { broken: null, made: 0 }, id);
  }
}

async function namesAreThere({ opened, page }) {
  await opened.go(fragment("sites"));
  const text = await section(page, "sites").locator("table").first().textContent();
  for (const part of ["</script><script>", "<img src=x onerror=", "not \u{fffd}\u{fffd} UTF-8",
                      "__proto__", "constructor", "long_long_"])
    assert.ok(text.includes(part), part);
}

async function namesAreFound({ opened, page }) {
  await opened.go(fragment("sites", { search: "</script>" }));
  await opened.settled();
  assert.equal(await section(page, "sites").locator("table tbody tr[data-row]").count(), 1);
}

export const hostile = {
  "names are text": namesAreText,
  "names are there": namesAreThere,
  "names are found": namesAreFound,
};
