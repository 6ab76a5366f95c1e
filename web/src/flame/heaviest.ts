// SPDX-License-Identifier: MIT
// The flame graph in words: the stacks that count for most.
import type { Model } from "../data/model";
import { counted, share } from "../format";
import { button, el } from "../ui/dom";
import type { Layout } from "./layout";
import { formatWeight } from "./scene";
import type { ProgramScene } from "./scene";

const SHOWN = 10;
const CALLS = 10; // of a stack; the table has all

/** The first rows of those in sight, heaviest first. */
function heaviestRows({ order }: Layout, weights: Float64Array): number[] {
  return Array.from(order).sort((a, b) => weights[b] - weights[a]).slice(0, SHOWN);
}

/** A stack from the allocating function outward. */
function stackText(model: Model, row: number): string {
  const frames = model.stack(model.data.sites.stack[row]);
  if (frames.length === 0) return "no stack is known";
  const left = frames.length - CALLS;
  return frames.slice(0, CALLS).map((frame) => frame.function).join(" ← ") +
    (left > 0 ? ` ← … ${counted(left, "call")} more` : "");
}

/** Fill a list with the heaviest stacks of what is shown; `open` is told the id of a site. */
export function showHeaviest(list: HTMLElement, model: Model, scene: ProgramScene, shown: Layout,
  open: (site: number) => void): void {
  const rows = heaviestRows(shown, scene.weights);
  list.replaceChildren(...rows.map((row) => el("li", {},
    el("strong", {}, formatWeight(scene.weighing, scene.weights[row])),
    ` (${share(scene.weights[row], scene.total)} of all): `,
    stackText(model, row), " ",
    button("Show in table", () => open(model.data.sites.id[row])))));
}
