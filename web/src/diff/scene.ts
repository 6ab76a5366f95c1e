// SPDX-License-Identifier: MIT
// The flame graph of a difference: width by one of the two runs, colour by what changed.
import type { Theme } from "../charts/theme";
import type { Model, Weighing } from "../data/model";
import { change, share } from "../format";
import { changeColour } from "../flame/colour";
import type { Scene } from "../flame/graph";
import { layout } from "../flame/layout";
import type { Box, Layout } from "../flame/layout";
import { pathsOf } from "../flame/paths";
import { formatWeight, nameOf, placeOf, sum } from "../flame/scene";
import { stepsTo } from "../flame/zoom";
import type { State } from "../state";
import { figuresOf, placesOf } from "./places";
import type { Pair } from "./places";

/** Which run gives the width. */
export type Run = "old" | "new";

export class DifferenceScene implements Scene {
  readonly upward = false;
  readonly title: string;
  private readonly pair: Pair;
  private readonly total: number;
  private readonly changes = new Map<Box, number | null>();
  private made!: Layout;

  constructor(private readonly model: Model, private readonly state: Readonly<State>,
    private readonly weighing: Weighing, private readonly run: Run) {
    this.pair = figuresOf(model.data, weighing.weight);
    this.total = sum(this.pair[run]);
    this.title = `Flame graph of the difference: ${weighing.title.toLowerCase()}, as wide as in the ${run} ` +
      "run, orange for more and blue for less than before";
  }

  lay(narrowest: number): Layout {
    const { model: { data }, state, pair, run } = this;
    this.changes.clear();
    this.made = layout(pathsOf(data, state.recursion), {
      weights: pair[run], other: pair[run === "new" ? "old" : "new"], inverted: state.inverted,
      zoom: stepsTo(data, state), narrowest,
    });
    return this.made;
  }

  name(box: Box): string {
    return nameOf(this.model, box);
  }

  colour(box: Box, theme: Theme): string {
    return changeColour(this.changeOf(box), theme);
  }

  inlined(box: Box): boolean {
    return this.model.frame(box.stack).inlined;
  }

  figures(box: Box): [string, string][] {
    const figures: [string, string][] = [
      ["Where", placeOf(this.model, this.made, box)],
      ["Old", this.format(this.before(box))], ["New", this.format(this.now(box))],
      ["Change", this.difference(box)], [`Of the ${this.run} run`, share(box.weight, this.total)],
    ];
    return figures.filter(([, text]) => text !== "");
  }

  /** A box in a sentence. */
  sentence(box: Box): string {
    return `${this.name(box)}: ${this.format(this.before(box))} before, ` +
      `${this.format(this.now(box))} now; ${this.difference(box)}`;
  }

  private format(value: number): string {
    return formatWeight(this.weighing, value);
  }

  private before(box: Box): number {
    return this.run === "new" ? box.other : box.weight;
  }

  private now(box: Box): number {
    return this.run === "new" ? box.weight : box.other;
  }

  private difference(box: Box): string {
    const by = this.now(box) - this.before(box);
    const text = change(by, (value) => this.format(value ?? 0));
    return this.changeOf(box) === null && by !== 0 ? `${text}, maybe chance` : text;
  }

  private changeOf(box: Box): number | null {
    let known = this.changes.get(box);
    if (known === undefined) this.changes.set(box, known = this.sumUp(box));
    return known;
  }

  /** What changed for sure, as a part of the larger one; null when nothing did. */
  private sumUp(box: Box): number | null {
    const { significant } = placesOf(this.model.data);
    const rows = this.made.order.subarray(...box.rows).filter((row) => significant[row]);
    if (rows.length === 0) return null;
    const by = rows.reduce((total, row) => total + this.pair.new[row] - this.pair.old[row], 0);
    return by / Math.max(this.before(box), this.now(box), 1);
  }
}
