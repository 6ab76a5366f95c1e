// SPDX-License-Identifier: MIT
// The table of sites: names that can be read, and all figures somewhere.
import assert from "node:assert/strict";
import { followed, fragment, section } from "../page_parts.mjs";

const ROOM = 380; // pixels for a name, on a laptop

const columnsOf = (page) => section(page, "sites").locator("thead [data-column]")
  .evaluateAll((cells) => cells.map((cell) => cell.dataset.column));

async function nameWidth(page) {
  const cell = section(page, "sites").locator("tbody th[data-column=site]").first();
  return (await cell.boundingBox()).width;
}

const allColumns = (page) => section(page, "sites").getByRole("button", { name: "All columns" });

async function namesHaveRoom({ opened, page }) {
  for (const more of [{}, { columns: "all" }]) {
    await opened.go(fragment("sites", more));
    await opened.settled();
    const width = await nameWidth(page);
    assert.ok(width >= ROOM, `${width} px with ${JSON.stringify(more)}`);
  }
}

/** By the button, in a row's details, and by sorting. */
async function allFiguresAreReached({ opened, page }) {
  await opened.go(fragment("sites"));
  const few = await columnsOf(page);
  await section(page, "sites").locator("tbody .opener").first().click();
  const inDetails = await section(page, "sites").locator(".site-details dd")
    .evaluateAll((cells) => cells.map((cell) => cell.dataset.column));
  await allColumns(page).click();
  assert.equal((await followed(page)).columns, "all");
  const all = await columnsOf(page);
  assert.deepEqual([...few, ...inDetails].toSorted(), all.toSorted());
  assert.ok(all.length > few.length);
  await opened.go(fragment("sites", { sort: "peak_bytes" }));
  assert.deepEqual(await columnsOf(page), [...few, "peak_bytes"]);
}

export const sites = {
  "names of sites have room": namesHaveRoom,
  "all figures of sites are reached": allFiguresAreReached,
};
