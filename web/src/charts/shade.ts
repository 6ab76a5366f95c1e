// SPDX-License-Identifier: MIT
// A veil over what is not selected. It is made of two elements over the drawing, which is not drawn again for
// it: that would take longer than a hand that drags has time.
import { el } from "../ui/dom";

/** How far the axes are from the borders of the drawing. */
export interface Margins {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export class Shade {
  private readonly before = el("div", { class: "chart-shade chart-shade-before", hidden: true });
  private readonly after = el("div", { class: "chart-shade chart-shade-after", hidden: true });

  constructor(private readonly stage: HTMLElement) {
    stage.append(this.before, this.after);
  }

  /** Leave two pixels' between in the light; null is all. */
  show(light: readonly [number, number] | null, margins: Margins): void {
    this.before.hidden = this.after.hidden = light === null;
    if (!light) return;
    const right = this.stage.clientWidth - margins.right;
    cover(this.before, margins.left, Math.min(light[0], right), margins);
    cover(this.after, Math.max(light[1], margins.left), right, margins);
  }

  /** The same where all slices are equally wide. */
  showSlices(slices: readonly [number, number] | null, columns: number, margins: Margins): void {
    const width = this.stage.clientWidth - margins.left - margins.right;
    const x = (slice: number) => margins.left + (width * slice) / columns;
    this.show(slices && [x(slices[0]), x(slices[1] + 1)], margins);
  }
}

function cover(shade: HTMLElement, from: number, to: number, margins: Margins): void {
  shade.style.left = `${from}px`;
  shade.style.width = `${Math.max(0, to - from)}px`;
  shade.style.top = `${margins.top}px`;
  shade.style.bottom = `${margins.bottom}px`;
}
