// SPDX-License-Identifier: MIT
// dashboard.mjs TEMPLATE FOLDER CASE: milliseconds that a reader of a large page waits, which is
// made of the template into the folder, as one line of JSON: {"case", "figures": {name: ms}}.
//
// All is measured inside of the page: from the call that acts to the end of the frame in which the
// effect is seen. A frame is some 16 ms, so that is what the best takes.
import path from "node:path";
import { launch, newPage } from "../../tests/web/browser.mjs";
import { CASES } from "../../tests/web/data.mjs";
import { writePage } from "../../tests/web/pages.mjs";

const TIMES = 3; // of which the median counts
const REST_MS = 1000; // until the page has nothing left to do: it changes its address a few times a second

/** Runs in the page before it does: when the first view was drawn, and the page idle again. */
function watchStart() {
  const drawn = () => requestAnimationFrame(() => setTimeout(() => {
    window.firstView = performance.now();
  }));
  const observer = new MutationObserver(() => {
    if (!document.documentElement.hasAttribute("data-ready")) return;
    observer.disconnect();
    drawn();
  });
  observer.observe(document, { attributes: true, subtree: true, attributeFilter: ["data-ready"] });
}

/** Runs in the page: acts on an element and waits until the address says so and the frame is over. */
function timed({ selector, act, value, address }) {
  const element = document.querySelector(selector);
  const acts = {
    type() {
      element.value = value;
      element.dispatchEvent(new Event("input", { bubbles: true }));
    },
    slide() {
      element.value = value;
      element.dispatchEvent(new Event("input", { bubbles: true }));
      element.dispatchEvent(new Event("change", { bubbles: true }));
    },
    click: () => element.click(),
    key: () => element.dispatchEvent(new KeyboardEvent("keydown", { key: value, bubbles: true,
                                                                    cancelable: true })),
  };
  return new Promise((done) => {
    const start = performance.now();
    const look = () => {
      if (!location.hash.includes(address)) return setTimeout(look, 1);
      requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)));
    };
    element.focus?.();
    acts[act]();
    look();
  });
}

const SEARCH = { selector: "input[type=search]", act: "type", value: "level_3", address: "search=level_3" };
const FLAME = "#flame canvas";
const keys = (value, address = "") => ({ selector: FLAME, act: "key", value, address });
/** What is measured in which view; `before` is done, and not measured. */
const ACTIONS = {
  "filter-sites": { view: "sites", measure: SEARCH },
  "filter-flame": { view: "flame", measure: SEARCH },
  "range": { view: "sites", measure: { selector: "input[data-handle=from]", act: "slide", value: "9",
                                       address: "from=9" }, visit: "timeline" },
  "zoom-flame": { view: "flame", before: [keys("ArrowDown"), keys("ArrowDown")],
                  measure: keys("Enter", "zoom=") },
  "sort": { view: "sites", measure: { selector: "#sites th [data-column=alloc_count]", act: "click",
                                      address: "sort=" } },
};

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

async function once(opened, { view, visit, before = [], measure }) {
  if (visit) await opened.go(`#view=${visit}`);
  await opened.go(`#view=${view}`);
  await opened.page.waitForTimeout(REST_MS);
  for (const step of before) await opened.page.evaluate(timed, step);
  return opened.page.evaluate(timed, measure);
}

async function start(browser, file) {
  const opened = await newPage(browser, file);
  await opened.page.addInitScript(watchStart);
  await opened.go();
  await opened.page.waitForFunction(() => window.firstView);
  const ms = await opened.page.evaluate(() => window.firstView);
  await opened.close();
  return ms;
}

async function repeated(work) {
  const values = [];
  for (let i = 0; i < TIMES; i++) values.push(await work());
  return median(values);
}

async function measure(browser, file) {
  const figures = { "first-view": await repeated(() => start(browser, file)) };
  const opened = await newPage(browser, file);
  for (const [name, action] of Object.entries(ACTIONS))
    figures[name] = await repeated(() => once(opened, action));
  await opened.close();
  return figures;
}

const [template, folder, name] = process.argv.slice(2);
const file = path.join(folder, "large.html");
writePage(file, template, CASES.large());
const browser = await launch();
try {
  console.log(JSON.stringify({ case: name, figures: await measure(browser, file) }));
} finally {
  await browser.close();
}
