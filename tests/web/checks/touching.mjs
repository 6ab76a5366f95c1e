// SPDX-License-Identifier: MIT
// A finger on the page of a phone: it selects along a chart, and scrolls across it.
import assert from "node:assert/strict";
import { openPage } from "../browser.mjs";
import { followed, fragment, section } from "../page_parts.mjs";

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
const STEPS = 10;

/** Puts a finger down, moves it by so many pixels, and takes it away. */
async function swipe({ context, page }, { x, y }, { across = 0, down = 0 }) {
  const session = await context.newCDPSession(page);
  const touch = (type, touchPoints) => session.send("Input.dispatchTouchEvent", { type, touchPoints });
  await touch("touchStart", [{ x, y }]);
  for (let i = 1; i <= STEPS; i++) {
    await touch("touchMove", [{ x: x + (across * i) / STEPS, y: y + (down * i) / STEPS }]);
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
  await touch("touchEnd", []);
}

const scrolled = (page) => page.evaluate(() => scrollY);

/** Where the chart of a view is now. */
async function chartOf(page, view) {
  const canvas = section(page, view).locator("canvas").first();
  await canvas.scrollIntoViewIfNeeded();
  return canvas.boundingBox();
}

async function fingers({ browser, file }) {
  const opened = await openPage(browser, file, { ...PHONE, fragment: fragment("timeline") });
  const { page } = opened;
  try {
    await opened.settled();
    const { x, y } = await chartOf(page, "timeline");
    await swipe(opened, { x: x + 130, y: y + 150 }, { across: 150, down: 5 });
    await page.waitForFunction(() => /from=\d+/.test(location.hash) && /to=\d+/.test(location.hash));
    const { from, to } = await followed(page);
    assert.ok(Number(from) < Number(to), `${from} to ${to}`);
    const now = await chartOf(page, "timeline");
    const before = await scrolled(page);
    await swipe(opened, { x: now.x + 190, y: now.y + 250 }, { across: 3, down: -180 });
    await page.waitForFunction((before) => scrollY > before + 50, before);
    const after = await followed(page);
    assert.deepEqual([after.from, after.to], [from, to], "the range is another one");
  } finally {
    await opened.close();
  }
}

export const touching = { "fingers select, and scroll": fingers };
