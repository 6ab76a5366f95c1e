#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// make-images.mjs [BUILD]: the pictures of docs/images, of a page of a program that is recorded for them by
// the ccmem of a build (build).
//
// The browser draws in the size of a laptop; as WebP a picture takes a fraction of a PNG.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { launch, openPage } from "../tests/web/browser.mjs";
import { fragment, section } from "../tests/web/page_parts.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const OUT = `${ROOT}docs/images`;
const CCMEM = path.resolve(process.argv[2] ?? `${ROOT}build`, "bin/ccmem");
const LARGEST = 150 * 1024;
const QUALITY = 80;
const SIZE = { width: 1280, height: 800 };

const PICTURES = [
  { name: "overview", view: "overview" },
  { name: "timeline", view: "timeline" },
  { name: "flame", view: "flame" },
  { name: "flow", view: "flow" },
  { name: "overview-dark", view: "overview", colorScheme: "dark" },
];

/** Python, whose functions have names in any build: threads parse documents that the main one made,
 * and it keeps the results for a while. */
const PROGRAM = `
import json, queue, threading

def document(i):
    return json.dumps({"id": i, "name": f"part {i}", "tags": [f"tag {j}" for j in range(i % 60)]})

def parse(texts, parsed):
    while (text := texts.get()) is not None:
        parsed.put(json.loads(text))

def collect(parsed, count, kept):
    for i in range(count):
        kept.append(parsed.get())
        if len(kept) > 2500:
            del kept[::2]

texts, parsed, kept = queue.Queue(50), queue.Queue(50), []
workers = [threading.Thread(target=parse, args=(texts, parsed)) for _ in range(4)]
collector = threading.Thread(target=collect, args=(parsed, 9000, kept))
for thread in [*workers, collector]:
    thread.start()
for i in range(9000):
    texts.put(document(i))
for _ in workers:
    texts.put(None)
for thread in [*workers, collector]:
    thread.join()
`;

/** The page of one run. PYTHONMALLOC: each object is a block, and none a part of an arena. */
function record(folder) {
  const page = path.join(folder, "page.html");
  const script = path.join(folder, "documents.py");
  writeFileSync(script, PROGRAM);
  execFileSync(CCMEM, ["profile", "-q", "-o", path.join(folder, "trace.ccm"), "--html", page, "--",
                       "/usr/bin/python3", "documents.py"],
               { cwd: folder, env: { ...process.env, PYTHONMALLOC: "malloc" } });
  return page;
}

/** Chromium writes WebP by its own protocol only. */
async function picture({ context, page }) {
  const session = await context.newCDPSession(page);
  const { data } = await session.send("Page.captureScreenshot", { format: "webp", quality: QUALITY });
  return Buffer.from(data, "base64");
}

async function take(browser, file, { name, view, colorScheme = "light" }) {
  const opened = await openPage(browser, file, { viewport: SIZE, colorScheme, fragment: fragment(view) });
  await section(opened.page, view).waitFor({ state: "visible" });
  await opened.page.waitForTimeout(500); // what moves has come to rest
  const bytes = await picture(opened);
  await opened.close();
  if (bytes.length > LARGEST) throw new Error(`${name}: ${bytes.length} bytes`);
  writeFileSync(`${OUT}/${name}.webp`, bytes);
  console.log(`docs/images/${name}.webp ${bytes.length}`);
}

async function takeAll(file) {
  const browser = await launch();
  try {
    for (const one of PICTURES) await take(browser, file, one);
  } finally {
    await browser.close();
  }
}

if (!existsSync(CCMEM)) {
  console.error(`make-images: ${CCMEM} does not exist: ./dev build`);
  process.exit(3);
}
mkdirSync(OUT, { recursive: true });
const folder = mkdtempSync(path.join(tmpdir(), "ccmem-images."));
try {
  await takeAll(record(folder));
} finally {
  rmSync(folder, { recursive: true });
}
