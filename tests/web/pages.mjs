// SPDX-License-Identifier: MIT
// Pages made of the template and data, as `ccmem report --format html` makes them; and data read
// back from a page.
import { readFileSync, writeFileSync } from "node:fs";
import { gunzipSync, gzipSync } from "node:zlib";

const MARKER = "<!--ccmem-data-->";
/** Whatever the order of its attributes. */
export const DATA = /(<script\b[^>]*\bid="ccmem-data"[^>]*>)([^<]*)(<\/script>)/;

/** Writes the page of data to a file. */
export function writePage(file, template, data) {
  const text = readFileSync(template, "utf8");
  const base64 = gzipSync(JSON.stringify(data)).toString("base64");
  if (text.split(MARKER).length !== 2) throw new Error(`${template}: not one place for the data`);
  const script = `<script type="text/plain" id="ccmem-data">${base64}</script>`;
  writeFileSync(file, text.replace(MARKER, () => script));
}

/** The data of a page. */
export function readPage(file) {
  const found = DATA.exec(readFileSync(file, "utf8"));
  if (!found) throw new Error(`${file}: no data in it`);
  return JSON.parse(gunzipSync(Buffer.from(found[2], "base64")).toString("utf8"));
}
