// SPDX-License-Identifier: MIT
// What holds for every page, whatever its data are.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fragment, goTo, section, viewsOf } from "../page_parts.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PHONE = { width: 390, height: 844 };
const CONTENT = ":is(table, canvas, svg, [data-figure], li, [role=img], meter):visible";

/** A sentence that says why there is nothing, or something to look at that takes room. */
async function showsSomething(view) {
  if (await view.locator(".absent").count()) {
    const why = await view.locator(".absent").first().innerText();
    assert.match(why, /\w+ \w+.*\.$/s, `"${why}" is no sentence`);
    return;
  }
  await view.locator(CONTENT).first().waitFor({ state: "visible" });
}

async function showsEveryView({ opened, page, data }) {
  await opened.go();
  for (const id of viewsOf(data)) {
    await goTo(page, id);
    const view = section(page, id);
    await view.waitFor({ state: "visible" });
    assert.match(await view.locator("h2").first().innerText(), /\w/, id);
    await showsSomething(view);
    await opened.settled();
  }
  assert.deepEqual(opened.errors, []);
  assert.deepEqual(opened.foreign, []);
  assert.deepEqual(opened.requests.filter((url) => /^https?:|^file:/.test(url)), [opened.url]);
}

async function fitsAPhone({ opened, page, data }) {
  const laptop = page.viewportSize();
  await page.setViewportSize(PHONE);
  for (const id of viewsOf(data)) {
    await opened.go(fragment(id));
    await opened.settled();
    const { wide, room } = await page.evaluate(() => ({
      wide: document.documentElement.scrollWidth, room: document.documentElement.clientWidth }));
    assert.ok(wide <= room, `${id}: ${wide} px wide on ${room}`);
  }
  await page.setViewportSize(laptop);
}

/** What axe says to the rules, or to all of them: none is left out. */
async function violations(page, rules) {
  const options = { resultTypes: ["violations"], ...(rules && { runOnly: rules }) };
  const { violations } = await page.evaluate((options) => axe.run(document, options), options);
  return violations.map(({ id, impact, nodes }) =>
    `${id} (${impact}): ${nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | ")}`);
}

async function isAccessible({ opened, page, data }, rules) {
  await opened.go();
  await page.evaluate(AXE);
  const found = [];
  for (const id of viewsOf(data)) {
    await opened.go(fragment(id));
    await opened.settled();
    found.push(...(await violations(page, rules)).map((broken) => `${id}: ${broken}`));
  }
  assert.deepEqual(found, []);
}

async function isAccessibleOnAPhone(t) {
  const laptop = t.page.viewportSize();
  await t.page.setViewportSize(PHONE);
  await isAccessible(t);
  await t.page.setViewportSize(laptop);
}

/** Colours are all that differs. */
async function isAccessibleInTheDark(t) {
  await t.page.emulateMedia({ colorScheme: "dark" });
  await isAccessible(t, ["color-contrast", "link-in-text-block"]);
}

function policyIsStrict({ file }) {
  const text = readFileSync(file, "utf8");
  const policy = /<meta http-equiv="?Content-Security-Policy"? content="([^"]*)"/i.exec(text)?.[1];
  assert.ok(policy, "no policy");
  const rules = Object.fromEntries(policy.split(";").map((rule) => rule.trim().split(/\s+/))
    .filter(([name]) => name).map(([name, ...values]) => [name, values]));
  assert.deepEqual(rules["default-src"], ["'none'"]);
  for (const name of ["script-src", "style-src"])
    assert.ok(rules[name]?.every((value) => /^'sha256-[\w+/=]+'$/.test(value)), `${name}: ${rules[name]}`);
  assert.deepEqual(rules["connect-src"] ?? ["'none'"], ["'none'"]);
  assert.doesNotMatch(policy, /unsafe|https?:|\*/);
  assert.ok(text.search(/<script/i) > text.indexOf("Content-Security-Policy"), "a script stands before it");
}

export const every = {
  "every view shows itself, quietly": showsEveryView,
  "fits a phone": fitsAPhone,
  "accessible": (t) => isAccessible(t),
  "its policy is strict": policyIsStrict,
};

export const inTheDark = {
  "accessible in the dark": isAccessibleInTheDark,
  "accessible on a phone": isAccessibleOnAPhone,
};
