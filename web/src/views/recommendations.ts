// SPDX-License-Identifier: MIT
// What to change: what was found, what was counted, and from where on that is told.
import type { Model } from "../data/model";
import { bytes, count, counted, percent } from "../format";
import { button, el } from "../ui/dom";
import { siteName } from "../ui/names";
import type { Context, Instance, View } from "../ui/view";

interface Evidence {
  readonly events: number;
  readonly part_pct: number | null;
  readonly time_pct: number | null;
}

interface Recommendation {
  readonly kind: string;
  readonly site: number | null;
  readonly text: string;
  readonly evidence: Evidence;
  readonly threshold: Evidence;
}

interface Words {
  events(value: number): string;
  /** What the percentage is of. */
  readonly part: string;
}

const blocks = (one: string, many: string, part: string): Words =>
  ({ events: (value) => counted(value, one, many), part });
const waste = (where: string, part: string): Words =>
  ({ events: (value) => `${bytes(value)} ${where}`, part });

const WORDS: Readonly<Record<string, Words>> = {
  "temporary-allocations": blocks("temporary block", "temporary blocks", "of the site's allocations"),
  "realloc-growth": blocks("resize of a block", "resizes of blocks", "of the site's allocations"),
  "cross-thread-frees": blocks("free by another thread", "frees by other threads", "of the site's frees"),
  "uniform-blocks": blocks("block of one size", "blocks of one size", "of the site's allocations"),
  "over-alignment": blocks("over-aligned block", "over-aligned blocks", "of the site's allocations"),
  "steady-growth": blocks("block not freed", "blocks not freed", "of the site's allocations"),
  "internal-fragmentation": waste("wasted inside blocks", "of what blocks took"),
  "external-fragmentation": waste("unused between blocks", "of what was used and between"),
};
const OTHERWISE = blocks("event", "events", "of all");

const titleOf = (kind: string): string =>
  `${kind.charAt(0).toUpperCase()}${kind.slice(1).replaceAll("-", " ")}`;

function fact(text: string, threshold: string): HTMLElement {
  return el("li", {}, text, " ", el("span", { class: "note" }, `(the bound is ${threshold})`));
}

/** Evidence against threshold, a line each. */
function facts({ kind, evidence, threshold }: Recommendation): HTMLElement[] {
  const words = WORDS[kind] ?? OTHERWISE;
  const lines = [fact(words.events(evidence.events), words.events(threshold.events))];
  if (evidence.part_pct !== null) {
    lines.push(fact(`${percent(evidence.part_pct)} ${words.part}`, percent(threshold.part_pct)));
  }
  if (evidence.time_pct !== null) {
    lines.push(fact(`${percent(evidence.time_pct)} of the time of all threads`, percent(threshold.time_pct)));
  }
  return lines;
}

function place(site: number | null, { model, change }: Context): HTMLElement {
  const row = site === null ? undefined : model.row(site);
  if (site === null || row === undefined) return el("p", { class: "where" }, "The whole program");
  const { name, place: where, way } = siteName(model, model.data.sites.stack[row]);
  return el("p", { class: "where" },
    button(name, () => change({ view: "sites", site, search: "", from: null, to: null }),
      { class: "link", "data-site": String(site), title: "Show the site" }),
    " ", el("span", { class: "place" }, where), " ",
    el("span", { class: "callers" }, way));
}

function card(found: Recommendation, context: Context): HTMLElement {
  return el("li", { class: "card", "data-kind": found.kind }, el("h3", {}, titleOf(found.kind)),
    place(found.site, context), el("p", {}, found.text), el("ul", { class: "facts" }, ...facts(found)));
}

const recommendationsOf = ({ data }: Model): readonly Recommendation[] => data.report.recommendations ?? [];

function absent(model: Model): string | null {
  const { mode, lost_events: lost } = model.data.report;
  if (recommendationsOf(model).length > 0) return null;
  if (mode !== "full") return "Recommendations are made from exact figures only: record with --mode full.";
  if (lost > 0) {
    return `Recommendations are made from exact figures only, and ${count(lost)} events were lost.`;
  }
  return "Nothing passed the bounds from where on a change is worth a look.";
}

class Recommendations implements Instance {
  private readonly list = el("ol", { class: "recommendations" });
  private shown: Model | null = null;

  constructor(element: HTMLElement, context: Context) {
    element.append(el("p", {}, "They are of the whole run, and say what was counted; what a change would " +
      "gain is for a measurement to say."), this.list);
    this.update(context);
  }

  update(context: Context): void {
    if (this.shown === context.model) return;
    this.shown = context.model;
    this.list.replaceChildren(...recommendationsOf(context.model).map((found) => card(found, context)));
  }
}

export default {
  id: "recommendations",
  title: "Recommendations",
  question: "What is worth a change?",
  absent,
  create: (element, context) => new Recommendations(element, context),
} satisfies View;
