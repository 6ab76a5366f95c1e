// SPDX-License-Identifier: MIT
// Selecting a range of time over a chart: by dragging, or by two sliders that the keyboard moves.
import { time } from "../format";
import { el } from "../ui/dom";
import type { Canvas } from "./canvas";
import { Shade } from "./shade";
import type { Margins } from "./shade";
import { sliceAt } from "./slices";

type Range = readonly [number, number];
type Handle = "from" | "to";

/** A trembling hand does not drag. */
const LEAST_DRAG = 4;

export class Brush {
  readonly controls = el("div", { class: "chart-range" });
  private readonly shade: Shade;
  private readonly from = slider("from", "From", () => this.slid("from"));
  private readonly to = slider("to", "To", () => this.slid("to"));
  private edges: readonly number[] = [];
  private range: Range | null = null;
  /** Where a drag began. */
  private start: { x: number; slice: number } | null = null;

  /** `selected` is told whole slices, first and last. */
  constructor(
    stage: HTMLElement,
    private readonly canvas: Canvas,
    private readonly margins: Margins,
    private readonly selected: (from: number, to: number) => void,
  ) {
    const { element } = canvas;
    this.shade = new Shade(stage);
    this.controls.append(this.from.label, this.to.label);
    element.addEventListener("pointerdown", (event) => this.press(event));
    element.addEventListener("pointermove", (event) => this.drag(event));
    element.addEventListener("pointerup", (event) => this.release(event));
    element.addEventListener("pointercancel", () => this.cancel());
  }

  show(edges: readonly number[], range: Range | null): void {
    this.edges = edges;
    this.range = range;
    const last = edges.length - 2;
    this.controls.hidden = last < 1;
    this.from.set(range?.[0] ?? 0, last, time(edges[range?.[0] ?? 0]));
    this.to.set(range?.[1] ?? last, last, time(edges[(range?.[1] ?? last) + 1]));
    this.place();
  }

  /** Lay the shade where the drawing now has the times. */
  place(range = this.range): void {
    const x = (edge: number) => this.canvas.xOf(this.edges[edge]);
    this.shade.show(range && [x(range[0]), x(range[1] + 1)], this.margins);
  }

  private sides(): [number, number] {
    return [this.margins.left, this.canvas.element.clientWidth - this.margins.right];
  }

  private slid(handle: Handle): void {
    const [from, to] = [this.from.value(), this.to.value()];
    if (handle === "from") this.selected(from, Math.max(from, to));
    else this.selected(Math.min(from, to), to);
  }

  private press(event: PointerEvent): void {
    const x = this.xOf(event);
    const [left, right] = this.sides();
    if (event.button !== 0 || this.edges.length < 2 || x < left || x > right) return;
    this.start = { x, slice: this.sliceUnder(event) };
  }

  private drag(event: PointerEvent): void {
    if (!this.start || !this.isDrag(event)) return;
    this.canvas.element.setPointerCapture(event.pointerId);
    this.place(this.dragged(event));
  }

  private release(event: PointerEvent): void {
    const range = this.start && this.isDrag(event) ? this.dragged(event) : null;
    this.start = null;
    if (range) this.selected(...range);
    else this.place();
  }

  private cancel(): void {
    this.start = null;
    this.place();
  }

  private isDrag(event: PointerEvent): boolean {
    return this.start !== null && Math.abs(this.xOf(event) - this.start.x) >= LEAST_DRAG;
  }

  private dragged(event: PointerEvent): Range {
    const [here, there] = [this.sliceUnder(event), this.start?.slice ?? 0];
    return [Math.min(here, there), Math.max(here, there)];
  }

  private xOf(event: PointerEvent): number {
    return event.clientX - this.canvas.element.getBoundingClientRect().left;
  }

  private sliceUnder(event: PointerEvent): number {
    const [left, right] = this.sides();
    const x = Math.min(Math.max(this.xOf(event), left), right);
    return sliceAt(this.edges, this.canvas.valueAt(x));
  }
}

function slider(handle: Handle, name: string, slid: () => void) {
  const input = el("input", { type: "range", min: "0", step: "1", "data-handle": handle, oninput: slid });
  const shown = el("output", {});
  const set = (value: number, last: number, text: string) => {
    input.max = String(last);
    input.value = String(value);
    input.setAttribute("aria-valuetext", text);
    shown.textContent = text;
  };
  return { label: el("label", {}, name, input, shown), set, value: () => Number(input.value) };
}
