// SPDX-License-Identifier: MIT
// A program that runs, on a page that follows it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { openPage } from "../browser.mjs";
import { exactly } from "../page_parts.mjs";

const BOUND = 60000; // what is served is made at the least priority

/** A program that does what it is told (live_steps), and where it is served. */
class Program {
  constructor([file, ...words]) {
    this.process = spawn(file, words, { stdio: ["pipe", "pipe", "pipe"] });
    this.answers = createInterface({ input: this.process.stdout });
    this.said = createInterface({ input: this.process.stderr });
    this.ended = once(this.process, "exit");
  }

  async address() {
    const [line] = await once(this.said, "line");
    const found = /live at (http:\S+)/.exec(line);
    assert.ok(found, line);
    return found[1];
  }

  async does(step) {
    this.process.stdin.write(`${step}\n`);
    await once(this.answers, "line");
  }

  async end() {
    this.process.stdin.end("end\n");
    await this.ended;
  }

  stop() {
    if (this.process.exitCode === null) this.process.kill();
  }
}

const figure = (page, name) =>
  page.locator(`[data-figure="${name}"]`).first().evaluate((e) => e.title || e.textContent).then(exactly);

function until(page, name, least) {
  return page.waitForFunction(([name, least]) => {
    const e = document.querySelector(`[data-figure="${name}"]`);
    return Number((e.title || e.textContent).replace(/[^\d.]/g, "")) >= least;
  }, [name, least], { timeout: BOUND });
}

async function follows(program, opened) {
  const { page } = opened;
  await page.evaluate(() => { window.notReloaded = true; });
  const before = await figure(page, "alloc_count");
  await page.locator("input[type=search]").first().fill("obey");
  await program.does("alloc 3000 1000");
  await until(page, "alloc_count", before + 3000);
  assert.ok((await figure(page, "peak_allocated")) >= 3e6);
  assert.ok(await page.evaluate(() => window.notReloaded), "it was loaded again");
  assert.equal(await page.locator("input[type=search]").first().inputValue(), "obey");
  await program.does("alloc 1000 1000");
  await until(page, "alloc_count", before + 4000);
}

export async function checkLive(command, browser, check) {
  const program = new Program(command);
  let opened;
  try {
    await check("opens", async () => {
      const address = await program.address();
      await program.does("alloc 100 100");
      opened = await openPage(browser, address);
    });
    await check("follows the program", () => follows(program, opened));
    await check("asks nobody else, and breaks nothing", () => {
      assert.deepEqual(opened.foreign, []);
      assert.deepEqual(opened.errors, []);
    });
    await check("tells the end", async () => {
      await program.end();
      await opened.page.waitForFunction(() => document.documentElement.dataset.live !== "on", null,
                                        { timeout: BOUND });
      assert.ok((await figure(opened.page, "alloc_count")) >= 4000, "the last figures are gone");
    });
  } finally {
    await opened?.close();
    program.stop();
  }
}
