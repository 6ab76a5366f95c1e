// SPDX-License-Identifier: MIT
// The flame graph: through which calls memory was allocated.
import type { Frame, Model } from "../data/model";
import { showCallers, zoomOut } from "../flame/callers";
import { Direction, WeightChoice, exports, press, say, toggle } from "../flame/controls";
import { Graph } from "../flame/graph";
import { showHeaviest } from "../flame/heaviest";
import type { Box, Layout } from "../flame/layout";
import { showLegend } from "../flame/legend";
import { ProgramScene, formatWeight, nameOf, weighingOf } from "../flame/scene";
import { button, el } from "../ui/dom";
import type { Context, Instance, View } from "../ui/view";

const HINT = "Point at a box for its figures; click it, and it fills the graph. With the keyboard: arrows " +
  "move, Enter zooms, Escape goes back. Names in italics are calls that were inlined.";

const ESTIMATED = "This run was sampled: what stacks count for are estimates, whose sum may differ a " +
  "little from the figures of the whole program.";

/** What finds a function; without a name it is found with all of its module. */
function searchFor(frame: Frame): string {
  return frame.known ? frame.function : frame.module;
}

class Flame implements Instance {
  private readonly graph: Graph;
  private scene: ProgramScene | null = null;
  private shown: Layout | null = null;
  private box: Box | null = null;
  private upward = false;

  private readonly weight = new WeightChoice("Width: ", (part) => this.context.change(part));
  private readonly direction = new Direction();
  private readonly flames = toggle("Callers at the bottom", "As flames, not as icicles", () => {
    this.upward = !this.upward;
    this.update(this.context);
  });
  private readonly callers = el("ol", { class: "flame-callers", "aria-label": "Calls up to what is shown" });
  private readonly found = el("p", { class: "flame-found", role: "status" });
  private readonly said = el("p", { class: "flame-said", "aria-live": "polite" }, HINT);
  private readonly legend = el("ul", { class: "flame-legend", "aria-label": "Colours of files and modules" });
  private readonly copy = button("Copy name", () => void this.copyName());
  private readonly table = button("Show in table", () => this.showInTable());
  private readonly estimated = el("p", { class: "note" }, ESTIMATED);
  private readonly nothing = el("p", { hidden: true });
  private readonly list = el("ol", { class: "flame-list" });
  private readonly words = el("details", { ontoggle: () => this.showWords() },
    el("summary", {}, "The ten heaviest stacks as a list"), this.list);

  constructor(element: HTMLElement, private context: Context) {
    this.graph = new Graph({
      zoom: (box) => this.context.change({ zoom: box.key }),
      back: () => this.context.change({ zoom: zoomOut(this.context.model, this.context.state) }),
      laid: (layout) => this.laid(layout),
      selected: (box) => this.selected(box),
    });
    element.append(this.controls(), this.estimated, this.callers, this.found, this.nothing,
      this.graph.element, el("div", { class: "flame-bar" }, this.said, this.copy, this.table),
      this.legend, this.words);
    this.update(context);
  }

  update(context: Context): void {
    this.context = context;
    const { model, state } = context;
    this.showControls();
    this.estimated.hidden = !model.data.report.estimated;
    showCallers(this.callers, model, state, (key) => context.change({ zoom: key }));
    this.scene = new ProgramScene(model, state, this.upward);
    this.graph.element.hidden = false; // what is hidden has no width to be laid out for
    this.graph.show(this.scene);
  }

  private controls(): HTMLElement {
    return el("div", { class: "flame-bar" }, this.weight.element, ...this.direction.elements, this.flames,
      ...exports("flame", this.graph));
  }

  private showControls(): void {
    const { model, state } = this.context;
    this.weight.show(model.weights(state), weighingOf(model, state));
    this.direction.show(this.context);
    press(this.flames, this.upward);
  }

  private laid(layout: Layout): void {
    const { weighing } = this.scene!;
    this.shown = layout;
    this.found.textContent = this.scene!.found(layout);
    this.found.hidden = this.found.textContent === "";
    const empty = layout.root.weight === 0;
    this.graph.element.hidden = empty;
    this.nothing.hidden = !empty;
    this.nothing.textContent = `${weighing.title}: ${formatWeight(weighing, 0)} here.`;
    this.legend.hidden = this.context.state.search !== ""; // what a search names has a colour of its own
    showLegend(this.legend, this.context.model, layout);
    this.showWords();
  }

  private showWords(): void {
    if (!this.words.open || !this.shown) return;
    showHeaviest(this.list, this.context.model, this.scene!, this.shown,
      (site) => this.context.change({ view: "sites", site }));
  }

  private selected(box: Box | null): void {
    this.box = box;
    say(this.said, box ? this.scene!.sentence(box) : HINT);
    this.copy.disabled = this.table.disabled = !box || box.stack === 0;
  }

  /** Where a page may not write what is copied, it says so. */
  private async copyName(): Promise<void> {
    const name = nameOf(this.context.model, this.box!);
    try {
      await navigator.clipboard.writeText(name);
      say(this.said, `Copied: ${name}`);
    } catch {
      say(this.said, `Could not be copied: ${name}`);
    }
  }

  /** One site is opened; of several the table shows those whose stacks have the function. */
  private showInTable(): void {
    const [from, to] = this.box!.rows;
    const { model, change } = this.context;
    if (to - from === 1) change({ view: "sites", site: model.data.sites.id[this.shown!.order[from]] });
    else change({ view: "sites", search: searchFor(model.frame(this.box!.stack)) });
  }
}

export default {
  id: "flame",
  title: "Flame graph",
  question: "Through which calls is memory allocated?",
  absent({ data }: Model): string | null {
    if (data.sites.id.length > 0) return null;
    return data.report.mode === "count"
      ? "In count mode no stacks are recorded. Record with --mode full or --mode sample."
      : "Nothing was allocated.";
  },
  create: (element, context) => new Flame(element, context),
} satisfies View;
