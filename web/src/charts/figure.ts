// SPDX-License-Identifier: MIT
// A chart with all that belongs to it: its numbers in a sentence, keys that go through its points, files of
// it, and its data as a table.
import { saveTable } from "../ui/csv";
import { el } from "../ui/dom";
import { Canvas } from "./canvas";
import { savePng, saveSvg } from "./files";
import { moved } from "./keys";
import type { Position } from "./keys";
import type { Picture, Place } from "./picture";
import { tableElement } from "./table";

const KEYS = "Arrow keys go through its points.";

export class Figure {
  readonly canvas: Canvas;
  /** Around the drawing: what is laid over it goes here. */
  readonly stage = el("div", { class: "chart-stage" });
  private readonly drawing = el("div", {
    class: "chart-drawing",
    tabindex: "0",
    role: "application",
    "aria-roledescription": "chart",
  });
  private readonly ring = el("div", { class: "chart-ring", hidden: true });
  private readonly spoken = el("p", { class: "chart-spoken", "aria-live": "polite" });
  private readonly summary = el("p", { class: "chart-summary" });
  private readonly rows = el("div", { class: "chart-rows" });
  private readonly details: HTMLDetailsElement;
  private picture: Picture | null = null;
  private drawnOf: readonly unknown[] = [];
  private position: Position | null = null;

  constructor(parent: HTMLElement, drawn: () => void = () => {}) {
    this.details = el("details", {}, el("summary", {}, "The data as a table"), this.rows);
    this.stage.append(this.drawing, this.ring);
    parent.append(
      el(
        "figure",
        { class: "chart" },
        this.stage,
        this.spoken,
        el("figcaption", {}, this.summary, this.tools(), this.details),
      ),
    );
    this.canvas = new Canvas(this.drawing, drawn);
    this.drawing.addEventListener("keydown", (event) => this.key(event));
    this.drawing.addEventListener("blur", () => this.leave());
    this.details.addEventListener("toggle", () => this.fillTable());
  }

  /** `of` is what the drawing depends on: it is drawn again only if one of these is another one. */
  show(picture: Picture, ...of: readonly unknown[]): void {
    const same = this.picture !== null && of.every((value, i) => value === this.drawnOf[i]);
    this.drawnOf = of;
    if (!same) this.draw(picture);
    this.describe(picture);
  }

  private draw(picture: Picture): void {
    this.drawing.style.height = `${picture.height}px`;
    this.canvas.show((theme, width) => picture.option(theme, width));
  }

  private describe(picture: Picture): void {
    this.picture = picture;
    this.drawing.setAttribute("aria-label", `${picture.label}. ${KEYS}`);
    this.summary.textContent = picture.summary;
    this.fillTable();
  }

  private tools(): HTMLElement {
    const button = (kind: string, save: (picture: Picture) => void) => {
      const element = el("button", { type: "button", "data-export": kind }, kind.toUpperCase());
      element.addEventListener("click", () => this.picture && save(this.picture));
      return element;
    };
    return el(
      "div",
      { class: "chart-tools", role: "group", "aria-label": "Save this chart as" },
      button("svg", (picture) => saveSvg(picture, this.canvas)),
      button("png", (picture) => savePng(picture, this.canvas)),
      button("csv", (picture) => saveTable(picture.table)),
    );
  }

  private key(event: KeyboardEvent): void {
    const cursor = this.picture?.cursor;
    if (!cursor || cursor.columns === 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") return this.leave();
    const to = moved(this.position, event.key, cursor);
    if (to) this.go(to);
    else if (event.key === "Enter" && this.position) {
      cursor.choose?.(this.position.column, this.position.row);
    } else return;
    event.preventDefault();
  }

  private go(to: Position): void {
    const cursor = this.picture!.cursor;
    this.position = to;
    this.spoken.textContent = cursor.text(to.column, to.row);
    this.mark(cursor.place(to.column, to.row));
  }

  private leave(): void {
    this.position = null;
    this.spoken.textContent = "";
    this.mark(null);
  }

  /** A ring around the point that is read, or the item brought out. */
  private mark(place: Place | null): void {
    const pixel = place && this.canvas.pixelOf(place);
    this.ring.hidden = !pixel;
    if (pixel) [this.ring.style.left, this.ring.style.top] = pixel.map((value) => `${value}px`);
    this.canvas.highlight(place);
  }

  /** Made when it is looked at. */
  private fillTable(): void {
    this.rows.replaceChildren();
    if (this.details.open && this.picture) this.rows.append(tableElement(this.picture.table));
  }
}
