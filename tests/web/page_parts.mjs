// SPDX-License-Identifier: MIT
// Where things are on the page, and numbers as they stand there.
export const VIEWS = ["overview", "timeline", "heatmap", "latency", "threads", "flow", "fragmentation",
                      "recommendations", "flame", "functions", "sites"];

export const viewsOf = (data) => (data.diff ? [...VIEWS, "diff"] : VIEWS);
export const section = (page, id) => page.locator(`section#${id}`);

/** By the list of views, as a reader goes there. */
export async function goTo(page, view) {
  const title = await section(page, view).locator("h2").first().textContent();
  await page.locator("nav").getByRole("link", { name: title, exact: true }).click();
}

/** The fragment that shows a view with more of a state. */
export const fragment = (view, more = {}) => `#${new URLSearchParams({ view, ...more })}`;

async function stateOf(page) {
  const hash = await page.evaluate(() => location.hash);
  return Object.fromEntries(new URLSearchParams(hash.slice(1)));
}

/** The address follows what changes, a few times a second. */
export const ADDRESS_MS = 350;

/** What stands in the address once it has followed. */
export async function followed(page) {
  await page.waitForTimeout(ADDRESS_MS);
  return stateOf(page);
}

/** "1,234,567 bytes" to 1234567; null where there is no number. */
export function exactly(text) {
  const found = /[-+−]?[\d,]*\.?\d+(e[-+]?\d+)?/i.exec(text ?? "");
  return found && Number(found[0].replaceAll(",", "").replace("−", "-").replace("+", ""));
}

const UNITS = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40, PiB: 2 ** 50, k: 1e3, M: 1e6,
                G: 1e9, T: 1e12, P: 1e15, ns: 1, "µs": 1e3, ms: 1e6, s: 1e9, "%": 1 };
const ROUNDED = /[-+−]?\d[\d,]*(?:\.\d+)?(?:\s(?:[KMGTP]iB|[BkMGTP]|ns|µs|ms|s|%)(?![a-zA-Z]))?/gu;

/** All numbers of a text with their units: times in ns, sizes in bytes. */
export function numbersIn(text) {
  return (text.match(ROUNDED) ?? []).map((word) => {
    const [digits, unit] = word.split(/\s/);
    return Number(digits.replaceAll(",", "").replace("−", "-")) * (UNITS[unit] ?? 1);
  });
}

/** Whether a number with three digits may stand for the value. */
export function standsFor(shown, value) {
  return Math.abs(shown - value) <= Math.max(Math.abs(value) * 0.0051, 0.051);
}

/** The rows that a table shows: [{row, cells: {column: {text, title}}}]. */
export function rowsOf(table) {
  return table.locator("tbody tr[data-row]").evaluateAll((rows) => rows.map((tr) => ({
    row: tr.dataset.row,
    cells: Object.fromEntries([...tr.querySelectorAll("td[data-column], th[data-column]")].map((cell) =>
      [cell.dataset.column, { text: cell.textContent.trim(), title: cell.title }])),
  })));
}

/** The data of a view's chart as a table, which is made when it is opened. */
export async function openTable(page, view) {
  const details = section(page, view).locator("details", { has: page.locator("summary") }).first();
  await details.locator("summary").first().click();
  const table = details.locator("table");
  await table.waitFor();
  return rowsOf(table);
}
