// SPDX-License-Identifier: MIT
// run.mjs PLAN: opens every page of a plan and says, as a line of JSON, how each of its checks went:
// {"page", "check", "problem", "ms"}; the problem is null where all is well. The exit status tells
// whether everything was looked at, not what was found.
//
// PLAN is, as far as wanted, {"template", "work", "made": [names of data.mjs], "real": {name: {"page", "report"}},
// "live": the command of a program that is served}.
import { readFileSync } from "node:fs";
import path from "node:path";
import { launch, newPage } from "./browser.mjs";
import { acting } from "./checks/acting.mjs";
import { comparing } from "./checks/comparing.mjs";
import { damaged } from "./checks/damaged.mjs";
import { every, inTheDark } from "./checks/every.mjs";
import { apart, exporting } from "./checks/exporting.mjs";
import { figures } from "./checks/figures.mjs";
import { functions } from "./checks/functions.mjs";
import { hostile } from "./checks/hostile.mjs";
import { keyboard } from "./checks/keyboard.mjs";
import { checkLive } from "./checks/live.mjs";
import { sites } from "./checks/sites.mjs";
import { touching } from "./checks/touching.mjs";
import { CASES } from "./data.mjs";
import { readPage, writePage } from "./pages.mjs";

const AT_ONCE = 2;
const LONGEST = 3000; // of what is said of a problem
/** These leave a page as they found it, so they share one. */
const TRIED = { ...every, ...figures };
/** What is checked of a page beyond what is checked of all: each of made-up data and of a recorded
 * program, once, but for colours and widths, which hang on no data. */
const MORE = {
  usual: { ...inTheDark, ...acting, ...functions, ...keyboard, ...exporting, ...sites, ...touching },
  redis: { ...functions, ...keyboard, ...sites, ...touching }, sqlite: acting, threads: { ...exporting, ...apart },
  hostile: { ...hostile, ...exporting }, diff: { ...inTheDark, ...comparing }, "diff-of-runs": comparing,
  "threads-64": apart,
};

function say(page, check, problem, since) {
  const ms = Math.round(performance.now() - since);
  console.log(JSON.stringify({ page, check, problem, ms }));
}

/** Whether it went well. */
async function one(page, check, work) {
  const since = performance.now();
  try {
    await work();
    say(page, check, null, since);
    return true;
  } catch (error) {
    say(page, check, String(error.stack ?? error).slice(0, LONGEST), since);
    return false;
  }
}

/** A page of its own for a few checks; after one that failed, a new one for the rest. */
async function together(browser, { file, name, ...known }, checks) {
  let opened = await newPage(browser, file);
  for (const [check, work] of Object.entries(checks)) {
    const well = await one(name, check, () =>
      work({ browser, opened, page: opened.page, file, ...known }));
    if (well) continue;
    await opened.close();
    opened = await newPage(browser, file);
  }
  await opened.close();
}

async function checkPage(browser, page) {
  await together(browser, page, TRIED);
  for (const [check, work] of Object.entries(MORE[page.name] ?? {}))
    await together(browser, page, { [check]: work });
}

function madePage(plan, name) {
  const file = path.join(plan.work, `made-${name}.html`);
  const data = CASES[name]();
  writePage(file, plan.template, data);
  return { name, file, data, report: data.report };
}

function realPage(name, { page, report }) {
  return { name, file: page, data: readPage(page), report: JSON.parse(readFileSync(report, "utf8")) };
}

/** What there is to do, each a function, so that no two pages' data need be there at once. */
function jobs(plan, browser) {
  const live = () => checkLive(plan.live, browser, (check, work) => one("live", check, work));
  const broken = () => damaged(plan, browser, (check, work) => one("damaged", check, work));
  return [
    ...(plan.live ? [live] : []),
    ...(plan.template ? [broken] : []),
    ...Object.entries(plan.real ?? {}).map(([name, files]) => () =>
      checkPage(browser, realPage(name, files))),
    ...(plan.made ?? []).map((name) => () => checkPage(browser, madePage(plan, name))),
  ];
}

async function work(queue) {
  for (let job = queue.shift(); job; job = queue.shift()) await job();
}

const plan = JSON.parse(readFileSync(process.argv[2], "utf8"));
const browser = await launch();
try {
  const queue = jobs(plan, browser);
  await Promise.all(Array.from({ length: AT_ONCE }, () => work(queue)));
} finally {
  await browser.close();
}
