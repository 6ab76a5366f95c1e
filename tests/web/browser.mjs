// SPDX-License-Identifier: MIT
// Debian's chromium with pages that tell what goes wrong in them, and that reach nothing.
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const READY_MS = 20000;
const WAIT_MS = 30000; // for anything else
const LAPTOP = { width: 1280, height: 800 };

/** A browser of its own: the sandbox asks for rights that a container does not give. */
export function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
                           args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}

/** An open page, with what it said and asked for. */
class Opened {
  constructor(context, page, url) {
    Object.assign(this, { context, page, url, errors: [], requests: [], foreign: [] });
  }

  watch() {
    this.page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) this.errors.push(message.text());
    });
    this.page.on("pageerror", (error) => this.errors.push(String(error.stack ?? error)));
    this.page.on("websocket", (socket) => this.foreign.push(socket.url()));
    this.page.on("request", (request) => this.requests.push(request.url()));
  }

  /** Only what the page itself is at, and what it makes, is answered. */
  async fence() {
    const { origin } = new URL(this.url);
    const own = (url) => url === this.url.split("#")[0] ||
      (origin !== "null" && url.startsWith(`${origin}/`)) || /^(data|blob):/.test(url);
    await this.context.route("**/*", (route) => {
      const url = route.request().url();
      if (own(url.split("#")[0])) return route.continue();
      this.foreign.push(url);
      return route.abort();
    });
  }

  async go(fragment = "") {
    await this.page.goto(this.url + fragment);
    await this.ready();
    await this.settled(); // another fragment of the same page is no other page
  }

  ready() {
    return this.page.waitForSelector("html[data-ready]", { state: "attached", timeout: READY_MS });
  }

  /** Two frames: what a change asked for is drawn. */
  settled() {
    return this.page.evaluate(() => new Promise((done) =>
      requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 0)))));
  }

  close() {
    return this.context.close();
  }
}

/** A page of its own, not yet loaded. */
export async function newPage(browser, where, options = {}) {
  const url = where.startsWith("http") ? where : pathToFileURL(where).href;
  const context = await browser.newContext({ viewport: LAPTOP, acceptDownloads: true,
                                             reducedMotion: "reduce", ...options });
  const opened = new Opened(context, await context.newPage(), url);
  opened.page.setDefaultTimeout(WAIT_MS);
  opened.watch();
  await opened.fence();
  return opened;
}

export async function openPage(browser, where, { fragment = "", ...options } = {}) {
  const opened = await newPage(browser, where, options);
  await opened.go(fragment);
  return opened;
}
