// SPDX-License-Identifier: MIT
// The page without a mouse: everything is reached, and one sees where one is.
import assert from "node:assert/strict";
import { followed, fragment, section } from "../page_parts.mjs";

const MOST = 150; // steps through a view

/** What has the focus: its name, whether it is seen, and how it differs from what has it not. */
function focused(page) {
  return page.evaluate(() => {
    const e = document.activeElement;
    if (!e || e === document.body) return null;
    const style = getComputedStyle(e), box = e.getBoundingClientRect();
    const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
    return { html: e.outerHTML.slice(0, 120), tag: e.tagName, type: e.type ?? "",
             action: e.dataset.action ?? "", exports: e.dataset.export ?? "",
             visible: box.width > 0 && box.height > 0,
             ring: outlined || style.boxShadow !== "none", nav: Boolean(e.closest("nav")) };
  });
}

/** All stops from the top of the page to its end. */
async function stops(page) {
  const found = [];
  for (let i = 0; i < MOST; i++) {
    await page.keyboard.press("Tab");
    const stop = await focused(page);
    if (!stop || stop.html === found[0]?.html) break;
    found.push(stop);
  }
  return found;
}

async function reachesEverything({ opened, page }) {
  for (const view of ["overview", "timeline", "sites"]) {
    await opened.go(fragment(view));
    const found = await stops(page);
    for (const stop of found) {
      assert.ok(stop.visible, `${view}: not seen: ${stop.html}`);
      assert.ok(stop.ring, `${view}: no ring around ${stop.html}`);
    }
    assert.ok(found.some((stop) => stop.nav), `${view}: navigation`);
    assert.ok(found.some((stop) => stop.type === "search"), `${view}: search`);
    assert.ok(found.some((stop) => stop.action === "theme"), `${view}: theme`);
    if (view !== "overview") assert.ok(found.some((stop) => stop.exports), `${view}: files`);
  }
}

async function movesBetweenViews({ opened, page }) {
  await opened.go();
  const first = page.locator("nav a, nav [data-view]").first();
  await first.focus();
  const roved = (await first.getAttribute("role")) === "tab";
  await page.keyboard.press(roved ? "ArrowRight" : "Tab");
  if (!roved || !(await followed(page)).view) await page.keyboard.press("Enter");
  await page.waitForFunction(() => /view=\w+/.test(location.hash));
}

async function sortsByKeys({ opened, page }) {
  await opened.go(fragment("sites"));
  const table = section(page, "sites").locator("table").first();
  await table.locator("th button").last().focus();
  await page.keyboard.press("Enter");
  await opened.settled();
  assert.equal(await table.locator("th[aria-sort=descending], th[aria-sort=ascending]").count(), 1);
  assert.ok((await focused(page)).tag === "BUTTON", "the focus is lost");
}

/** A chart's points are spoken as the arrow keys go through them. */
async function chartsSpeak({ opened, page }) {
  for (const view of ["timeline", "heatmap", "latency"]) {
    await opened.go(fragment(view));
    if (await section(page, view).locator(".absent").count()) continue;
    await section(page, view).locator("[tabindex='0']").first().focus();
    await page.keyboard.press("ArrowRight");
    await opened.settled();
    const spoken = (await section(page, view).locator("[aria-live]").allInnerTexts()).join(" ");
    assert.match(spoken, /\d/, `${view} says "${spoken}"`);
  }
}

export const keyboard = {
  "everything is reached by keys": reachesEverything,
  "views by keys": movesBetweenViews,
  "sorting by keys": sortsByKeys,
  "charts speak": chartsSpeak,
};
