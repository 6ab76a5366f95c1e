// SPDX-License-Identifier: MIT
// What the flame graph of one program shows: boxes with names, figures and colours.
import type { Theme } from "../charts/theme";
import type { Frame, Model, Weighing } from "../data/model";
import { bytes, counted, shortPath, share } from "../format";
import type { State } from "../state";
import { foundColour, boxColour, plainColour } from "./colour";
import type { Scene } from "./graph";
import { layout } from "./layout";
import type { Box, Layout } from "./layout";
import { pathsOf } from "./paths";
import { stepsTo } from "./zoom";

/** What the graph's boxes count for. */
export function weighingOf(model: Model, state: Readonly<State>): Weighing {
  const all = model.weights(state);
  return all.find(({ weight }) => weight === state.weight)
    ?? all.find(({ weight }) => weight === "alloc_bytes") ?? all[0];
}

export function formatWeight(weighing: Weighing, value: number): string {
  return weighing.unit === "bytes" ? bytes(value) : counted(value, "block");
}

/** What is written in a box. */
export function nameOf(model: Model, box: Box): string {
  if (box.smaller > 0) return `+ ${counted(box.smaller, "smaller one", "smaller ones")}`;
  return model.frame(box.stack).function;
}

/** "server.c:120", or how many lines of it the calls are at. */
export function placeOf(model: Model, layout: Layout, box: Box): string {
  const { file } = model.frame(box.stack);
  if (!file) return "";
  const { frames, stacks } = model.data;
  const lines = new Set<number>();
  for (let i = box.rows[0]; i < box.rows[1]; i++) {
    lines.add(frames.line[stacks.frame[layout.stackIn(box, layout.order[i])]]);
  }
  const [line] = lines;
  if (lines.size > 1) return `${shortPath(file)}, ${lines.size} lines`;
  return line > 0 ? `${shortPath(file)}:${line}` : shortPath(file);
}

/** Of what counts at all. */
export function sum(values: Float64Array): number {
  let total = 0;
  for (const value of values) if (value > 0) total += value;
  return total;
}

/** Whether a search names a frame; as Model.matching has it. */
export function isNamed(frame: Frame, search: string): boolean {
  const wanted = search.toLowerCase();
  const names = [frame.known ? frame.function : "", frame.file, frame.module];
  return names.some((name) => name.toLowerCase().includes(wanted));
}

/** What the state asks for. */
export class ProgramScene implements Scene {
  readonly weighing: Weighing;
  readonly weights: Float64Array;
  readonly total: number; // of all, whatever fills the graph
  private made!: Layout;

  constructor(private readonly model: Model, private readonly state: Readonly<State>,
    readonly upward: boolean) {
    this.weighing = weighingOf(model, state);
    this.weights = model.weigh({ ...state, weight: this.weighing.weight });
    this.total = sum(this.weights);
  }

  get title(): string {
    const way = this.state.inverted ? "from the allocating functions to their callers"
      : "from callers to callees";
    const all = formatWeight(this.weighing, this.total);
    return `Flame graph: ${this.weighing.title.toLowerCase()}, ${all} in all, ${way}`;
  }

  lay(narrowest: number): Layout {
    const { model: { data }, state, weights } = this;
    this.made = layout(pathsOf(data, state.recursion), {
      weights, inverted: state.inverted, zoom: stepsTo(data, state), narrowest,
    });
    return this.made;
  }

  name(box: Box): string {
    return nameOf(this.model, box);
  }

  colour(box: Box, theme: Theme): string {
    const { model, state: { search } } = this;
    if (search === "" || box.stack === 0) return boxColour(model.data, box, theme);
    return isNamed(model.frame(box.stack), search) ? foundColour(theme) : plainColour(theme);
  }

  inlined(box: Box): boolean {
    return this.model.frame(box.stack).inlined;
  }

  figures(box: Box): [string, string][] {
    const { module, inlined } = this.model.frame(box.stack);
    const { inverted } = this.state;
    const whole = inverted ? "Of what it calls" : "Of its caller";
    const figures: [string, string][] = [
      ["Where", placeOf(this.model, this.made, box)], ["Module", shortPath(module)],
      [this.weighing.title, this.format(box.weight)],
      [inverted ? "Called by nothing else" : "By itself", this.hasOwn(box) ? this.format(box.self) : ""],
      ["Of all", share(box.weight, this.total)],
      [whole, box.parent ? share(box.weight, box.parent.weight) : ""],
      ["Inlined", inlined ? "into its caller" : ""],
    ];
    return figures.filter(([, text]) => text !== "");
  }

  /** A box in a sentence. */
  sentence(box: Box): string {
    const total = `${this.format(box.weight)}, ${share(box.weight, this.total)} of all`;
    if (box.smaller > 0) return `${this.name(box)}; ${total}; the table of sites has each of them`;
    const own = this.hasOwn(box) && !this.state.inverted ? `${this.format(box.self)} by itself` : "";
    return [this.name(box), placeOf(this.model, this.made, box), total, own]
      .filter((part) => part !== "").join("; ");
  }

  /** What the search names, in a sentence; "" without one. */
  found({ order, root }: Layout): string {
    const { model, weights, state: { search } } = this;
    if (search === "") return "";
    const matching = model.matching(search);
    let matched = 0;
    for (const row of order) if (matching[row]) matched += Math.max(0, weights[row]);
    const where = root.key ? "of what is shown" : "of all";
    return `“${search}” matched ${share(matched, root.weight)} ${where} (${this.format(matched)}).`;
  }

  private format(value: number): string {
    return formatWeight(this.weighing, value);
  }

  /** What was too narrow is a sum, of which it is not known. */
  private hasOwn(box: Box): boolean {
    return box.self > 0 && box.smaller === 0;
  }
}
