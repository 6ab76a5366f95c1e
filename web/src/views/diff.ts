// SPDX-License-Identifier: MIT
// Two runs compared: what changed in all, where, and through which calls.
import { Figure } from "../charts/figure";
import type { Model, Weighing } from "../data/model";
import { fieldTables } from "../diff/fields";
import { overlay } from "../diff/overlay";
import { DifferenceScene } from "../diff/scene";
import type { Run } from "../diff/scene";
import { PlaceTable, countKinds } from "../diff/table";
import { showCallers, zoomOut } from "../flame/callers";
import { Direction, WeightChoice, exports, press, say, toggle } from "../flame/controls";
import { Graph } from "../flame/graph";
import { weighingOf } from "../flame/scene";
import { bytes, count, percent } from "../format";
import type { State } from "../state";
import { el } from "../ui/dom";
import type { Context, Instance, View } from "../ui/view";

const WHOLE = { from: null, to: null }; // a difference is one of whole runs
const HINT = "Point at a box for its figures; click it, and it fills the graph.";

const COLOURS = { more: "more than before", less: "less", same: "the same, or maybe chance" };

/** The peak in a sentence. */
function peakText({ data }: Model): string {
  const peak = data.diff!.fields.find(({ name }) => name === "peak_allocated");
  if (!peak || peak.change === null) return "The peaks of the two runs cannot be compared.";
  const { change: by, old, new: now, significant, change_pct: part } = peak;
  if (by === 0) return `Both runs held ${bytes(now)} at their peaks.`;
  const more = `${bytes(Math.abs(by))} ${by > 0 ? "more" : "less"}`;
  const parts = part === null ? "" : ` (${percent(Math.abs(part))})`;
  return `The new run held ${bytes(now)} at its peak, ${more}${parts} than the old one with ${bytes(old)}.` +
    (significant === false ? " That may be chance." : "");
}

function kindsText(model: Model, weighing: Weighing): string {
  const kinds = countKinds(model, weighing);
  const parts = (["grew", "shrank", "appeared", "vanished"] as const)
    .map((kind) => `${count(kinds.get(kind) ?? 0)} ${kind}`);
  const chance = kinds.get("maybe chance");
  return `Of the places that allocate, ${parts.join(", ")}` +
    (chance ? `; ${count(chance)} differ, which may be chance.` : ".");
}

class Difference implements Instance {
  private readonly peak = el("p", { class: "verdict" });
  private readonly fields = el("div");
  private readonly figure: Figure;
  private readonly chart = el("div");
  private readonly weight = new WeightChoice("By: ", (part) => this.context.change(part));
  private readonly direction = new Direction();
  private readonly kinds = el("p", { role: "status" });
  private readonly places = new PlaceTable();
  private readonly width = toggle("Width by the old run",
    "Only what the old run had is as wide as it was there", () => this.switchRun());
  private readonly callers = el("ol", { class: "flame-callers", "aria-label": "Calls up to what is shown" });
  private readonly graph: Graph;
  private readonly said = el("p", { class: "flame-said", "aria-live": "polite" }, HINT);
  private model: Model | null = null;
  private run: Run = "new";
  private scene: DifferenceScene | null = null;

  constructor(element: HTMLElement, private context: Context) {
    this.graph = new Graph({
      zoom: (box) => this.context.change({ zoom: box.key }),
      back: () => this.context.change({ zoom: zoomOut(this.context.model, this.context.state) }),
      selected: (box) => say(this.said, box && this.scene ? this.scene.sentence(box) : HINT),
    });
    this.figure = new Figure(this.chart);
    element.append(this.peak, this.fields, el("h3", {}, "Live bytes over time"), this.chart,
      el("h3", {}, "Where it changed"),
      el("div", { class: "flame-bar" }, this.weight.element), this.kinds,
      this.places.element, el("h3", {}, "Through which calls it changed"), ...this.flame());
    this.update(context);
  }

  update(context: Context): void {
    this.context = context;
    const { model, state } = context;
    if (model !== this.model) this.showRuns(model);
    const weighing = weighingOf(model, { ...state, ...WHOLE });
    this.weight.show(model.weights(WHOLE), weighing);
    this.direction.show(context);
    this.kinds.textContent = kindsText(model, weighing);
    this.places.show(model, weighing, state.search);
    this.showGraph(model, state, weighing);
  }

  resize(): void {
    this.places.resize();
  }

  /** What does not depend on what is selected. */
  private showRuns(model: Model): void {
    this.model = model;
    this.peak.textContent = peakText(model);
    this.fields.replaceChildren(...fieldTables(model.data));
    const picture = overlay(model.data);
    this.chart.hidden = picture === null;
    if (picture) this.figure.show(picture);
  }

  private showGraph(model: Model, state: Readonly<State>, weighing: Weighing): void {
    press(this.width, this.run === "old");
    showCallers(this.callers, model, state, (zoom) => this.context.change({ zoom }));
    this.scene = new DifferenceScene(model, state, weighing, this.run);
    this.graph.show(this.scene);
  }

  private flame(): HTMLElement[] {
    const legend = Object.entries(COLOURS).map(([kind, text]) =>
      el("li", {}, el("span", { class: `flame-patch diff-${kind}` }), text));
    return [
      el("div", { class: "flame-bar" }, this.width, ...this.direction.elements,
        ...exports("difference", this.graph)),
      this.callers, this.graph.element, this.said, el("ul", { class: "flame-legend" }, ...legend),
    ];
  }

  private switchRun(): void {
    this.run = this.run === "new" ? "old" : "new";
    this.update(this.context);
  }
}

export default {
  id: "diff",
  title: "What changed",
  question: "What does the new run allocate otherwise than the old one, and where?",
  absent: ({ data }: Model): string | null =>
    data.diff ? null : "This page shows one run, and nothing to compare it with.",
  create: (element, context) => new Difference(element, context),
} satisfies View;
