// SPDX-License-Identifier: MIT
// The five sites with the most of something, as bars that open the site.
import type { Report } from "../data/schema";
import { counted, exact, share } from "../format";
import type { State, Weight } from "../state";
import { button, el } from "./dom";
import { siteName } from "./names";
import type { Context } from "./view";

export interface Ranking {
  readonly title: string;
  readonly weight: Weight;
  /** What all have, in the report: the page may have only the first of very many sites. */
  readonly whole?: string;
  readonly format: (value: number) => string;
  /** In a sentence, where there is none. */
  readonly none: string;
}

const SHOWN = 5;

interface Sum {
  readonly rows: readonly number[]; // the first ones
  readonly sites: number; // all that have some
  readonly found: number; // what those have
  readonly total: number; // what all have, with those that the search leaves out
}

/** Sites that the search matches and that have any, most first. */
function ranked(weights: Float64Array, matching: Uint8Array, whole: number): Sum {
  const rows: number[] = [];
  let found = 0;
  let total = 0;
  for (let row = 0; row < weights.length; row++) {
    total += weights[row];
    if (!matching[row] || weights[row] <= 0) continue;
    rows.push(row);
    found += weights[row];
  }
  rows.sort((a, b) => weights[b] - weights[a]);
  return { rows: rows.slice(0, SHOWN), sites: rows.length, found, total: Math.max(total, whole) };
}

const wholeOf = ({ whole }: Ranking, report: Report): number => whole === undefined ? 0 : Number(report[whole]);

export function bar(part: number): HTMLElement {
  const fill = el("span", { class: "fill" });
  fill.style.width = `${100 * part}%`;
  return el("span", { class: "bar", "aria-hidden": "true" }, fill);
}

function item(row: number, weight: number, sum: Sum, list: Ranking, context: Context): HTMLElement {
  const { model, change } = context;
  const { sites } = model.data;
  const { name, place, way } = siteName(model, sites.stack[row]);
  const open = { view: "sites", site: sites.id[row] };
  return el("li", { "data-row": String(sites.id[row]) },
    el("button", { type: "button", class: "top-site", onclick: () => change(open) },
      el("span", { class: "name" }, name), " ",
      el("span", { class: "value", title: exact(weight) },
        `${list.format(weight)}, ${share(weight, sum.total)}`),
      bar(weight / sum.total), el("span", { class: "callers" }, way), " ",
      el("span", { class: "place" }, place)));
}

function rest(sum: Sum, weights: Float64Array, list: Ranking): HTMLElement | "" {
  const hidden = sum.sites - sum.rows.length;
  if (hidden === 0) return "";
  const size = sum.rows.reduce((left, row) => left - weights[row], sum.found);
  return el("p", { class: "rest" }, `${counted(hidden, "other site")}: ${list.format(size)}`);
}

function links(list: Ranking, change: (part: Partial<State>) => void): HTMLElement {
  return el("p", { class: "links" },
    button("Flame graph", () => change({ view: "flame", weight: list.weight, zoom: 0 })), " ",
    button("All sites", () => change({ view: "sites", sort: list.weight, site: null })));
}

function because(why: string): HTMLElement {
  return el("p", { class: "absent" }, why);
}

function content(list: Ranking, context: Context): readonly (HTMLElement | string)[] {
  const { model, state, change } = context;
  const weights = model.weigh({ ...state, weight: list.weight });
  const sum = ranked(weights, model.matching(state.search), wholeOf(list, model.data.report));
  if (sum.sites === 0) return [because(state.search === "" ? list.none : "No site that the search finds.")];
  const items = sum.rows.map((row) => item(row, weights[row], sum, list, context));
  return [el("ol", { class: "top-sites" }, ...items), rest(sum, weights, list), links(list, change)];
}

/** A card with a heading of its own. */
export function topSites(list: Ranking, context: Context): HTMLElement {
  return el("article", { class: "card", "data-weight": list.weight }, el("h3", {}, list.title),
    ...content(list, context));
}
