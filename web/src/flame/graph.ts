// SPDX-License-Identifier: MIT
// A flame graph on the page: it shows a scene, and answers mouse, fingers and keyboard.
//
// The canvas is as high as what is seen of it, and stays in its place while the sheet below it scrolls: the
// picture of a deep stack may be higher than a canvas can be. The outline of a box is an element of
// its own, so that pointing at boxes draws nothing anew.
import { currentTheme, onThemeChange } from "../charts/theme";
import type { Theme } from "../charts/theme";
import { tip } from "../charts/tip";
import { el } from "../ui/dom";
import { drawOn, toPng, toSvg } from "./draw";
import type { Picture } from "./draw";
import { callers } from "./layout";
import type { Box, Layout } from "./layout";
import { GAP, boxAt, heightOf, shapeOf } from "./shapes";
import type { Size } from "./shapes";

/** What a graph shows. */
export interface Scene {
  /** What it is, for who does not see it, and above it in files. */
  readonly title: string;
  readonly upward: boolean;
  /** Boxes of at least this part of the whole. */
  lay(narrowest: number): Layout;
  name(box: Box): string;
  colour(box: Box, theme: Theme): string;
  inlined(box: Box): boolean;
  /** The figures of a box, by name. */
  figures(box: Box): [string, string][];
}

/** What a graph asks for. */
export interface Actions {
  /** That a box fills the graph. */
  zoom(box: Box): void;
  /** That its caller does. */
  back(): void;
  /** A scene was laid out: so it is shown. */
  laid?(layout: Layout): void;
  /** The box in hand is another one, or another scene's. */
  selected(box: Box | null): void;
}

const KEYS = "Arrow keys move, Enter zooms, Escape goes back.";
const ROW = 22;
const NARROWEST = 1; // pixel
const WHEEL_PAUSE = 150; // ms: one turn of a wheel is many events
const WHEEL_STEP = 0.9; // zoom by wheel goes to where it gets narrower

const isSame = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((name, i) => name === b[i]);

export class Graph {
  readonly element: HTMLElement;
  private readonly canvas = el("canvas", { tabindex: "0", role: "application" });
  private readonly mark = el("div", { class: "flame-mark", hidden: true });
  private readonly tip = el("div", { class: "flame-tip", hidden: true, "aria-hidden": "true" });
  private readonly sheet = el("div", { class: "flame-sheet" }, this.canvas, this.mark);
  private scene: Scene | null = null;
  private picture: Picture | null = null;
  private box: Box | null = null;
  private trail: readonly string[] = []; // of names
  private stale = false; // the scene has not been laid out yet
  private wheeled = 0;

  constructor(private readonly actions: Actions) {
    this.element = el("div", { class: "flame-graph" }, this.sheet, this.tip);
    this.listen();
    new ResizeObserver(() => this.resize()).observe(this.element);
    onThemeChange(() => this.scene && this.show(this.scene));
  }

  /** Show a scene; the box in hand stays if it is in it. */
  show(scene: Scene): void {
    this.scene = scene;
    this.stale = true;
    this.canvas.setAttribute("aria-label", `${scene.title}. ${KEYS}`);
    this.hideTip();
    const width = this.element.clientWidth;
    if (width === 0) return; // not shown now; resize() comes when it is
    this.stale = false;
    const layout = scene.lay(NARROWEST / width);
    const size: Size = { width, row: ROW, upward: scene.upward };
    this.picture = {
      layout, size, theme: currentTheme(), name: (box) => scene.name(box),
      colour: (box, theme) => scene.colour(box, theme), inlined: (box) => scene.inlined(box),
    };
    this.sheet.style.height = `${heightOf(layout, size)}px`;
    this.actions.laid?.(layout);
    this.draw();
    this.keepSelected(layout);
  }

  svg(): Blob {
    const text = this.picture && this.scene ? toSvg(this.picture, this.scene.title) : "";
    return new Blob([text], { type: "image/svg+xml" });
  }

  png(done: (file: Blob) => void): void {
    if (this.picture && this.scene) toPng(this.picture, this.scene.title, done);
  }

  private resize(): void {
    const isOther = this.stale || this.element.clientWidth !== this.picture?.size.width;
    if (this.scene && isOther) this.show(this.scene);
    else this.draw();
  }

  private draw(): void {
    if (!this.picture) return;
    const height = Math.min(this.element.clientHeight, heightOf(this.picture.layout, this.picture.size));
    this.canvas.style.width = `${this.picture.size.width}px`;
    this.canvas.style.height = `${height}px`;
    drawOn(this.canvas, this.picture, this.element.scrollTop, height);
  }

  /** Newer data may have given its key to another box, and it another key. */
  private keepSelected(layout: Layout): void {
    const { box: old, trail } = this;
    const boxes = old ? layout.boxes.filter(({ smaller }) => smaller === 0) : [];
    const kept = boxes.find((box) => box.key === old!.key && this.scene!.name(box) === trail[0]) ??
      boxes.find((box) => box.depth === old!.depth && isSame(this.trailOf(box), trail));
    this.select(kept ?? null);
  }

  /** The names from a box to the one that fills the graph. */
  private trailOf(box: Box): string[] {
    const names: string[] = [];
    for (let at: Box | null = box; at; at = at.parent) names.push(this.scene!.name(at));
    return names;
  }

  private select(box: Box | null): void {
    this.box = box;
    this.trail = box ? this.trailOf(box) : [];
    this.outline(box);
    this.actions.selected(box);
  }

  private outline(box: Box | null): void {
    this.mark.hidden = !box;
    if (!box || !this.picture) return;
    const { x, y, width } = shapeOf(this.picture.layout, box, this.picture.size);
    Object.assign(this.mark.style, {
      left: `${x}px`, top: `${y}px`, width: `${Math.max(width - GAP, 2)}px`, height: `${ROW - GAP}px`,
    });
  }

  private listen(): void {
    this.element.addEventListener("scroll", () => this.draw());
    this.canvas.addEventListener("pointermove", (event) => this.point(event));
    this.canvas.addEventListener("pointerleave", () => this.unpoint());
    this.canvas.addEventListener("click", (event) => this.zoom(this.boxUnder(event)));
    this.canvas.addEventListener("keydown", (event) => this.press(event));
    this.canvas.addEventListener("focus", () => this.box ?? this.select(this.picture?.layout.root ?? null));
    this.canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
  }

  private boxUnder(event: MouseEvent): Box | null {
    if (!this.picture) return null;
    const { layout, size } = this.picture;
    return boxAt(layout, event.offsetX, event.offsetY + this.element.scrollTop, size);
  }

  private point(event: PointerEvent): void {
    const box = this.boxUnder(event);
    if (event.pointerType === "touch" || !box || !this.scene) return this.unpoint();
    this.outline(box);
    this.tip.replaceChildren(tip(this.scene.name(box), this.scene.figures(box)));
    this.tip.hidden = false;
    const { offsetWidth, offsetHeight } = this.tip;
    const left = Math.min(event.clientX + 14, innerWidth - offsetWidth - 8);
    const below = event.clientY + 18;
    const top = below + offsetHeight < innerHeight ? below : event.clientY - offsetHeight - 10;
    Object.assign(this.tip.style, { left: `${Math.max(8, left)}px`, top: `${Math.max(8, top)}px` });
  }

  private unpoint(): void {
    this.hideTip();
    this.outline(this.box);
  }

  private hideTip(): void {
    this.tip.hidden = true;
  }

  /** Narrow boxes that were summed up get room when their caller has it all. */
  private zoom(box: Box | null): void {
    if (!box) return;
    const target = box.smaller > 0 ? box.parent! : box;
    this.select(target);
    if (target.parent) this.actions.zoom(target);
  }

  private press(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.picture) return;
    const box = this.box ?? this.picture.layout.root;
    if (!this.act(event.key, box)) return;
    event.preventDefault();
  }

  /** Do what a key stands for; false when it stands for nothing. */
  private act(key: string, box: Box): boolean {
    const { upward } = this.picture!.size;
    switch (key) {
      case "ArrowUp": this.move(upward ? box.children[0] : box.parent); return true;
      case "ArrowDown": this.move(upward ? box.parent : box.children[0]); return true;
      case "ArrowLeft": this.move(this.beside(box, -1)); return true;
      case "ArrowRight": this.move(this.beside(box, 1)); return true;
      case "Home": this.move(this.picture!.layout.root); return true;
      case "Enter": case " ": this.zoom(box); return true;
      case "Escape": this.actions.back(); return true;
      default: return false;
    }
  }

  private move(box: Box | null | undefined): void {
    if (!box || !this.picture) return;
    this.select(box);
    const { y } = shapeOf(this.picture.layout, box, this.picture.size);
    const { scrollTop, clientHeight } = this.element;
    if (y < scrollTop) this.element.scrollTop = y;
    if (y + ROW > scrollTop + clientHeight) this.element.scrollTop = y + ROW - clientHeight;
  }

  /** The next box of the same depth. Breadth first, they stand side by side. */
  private beside(box: Box, step: number): Box | null {
    const { boxes } = this.picture!.layout;
    const next = boxes[boxes.indexOf(box) + step];
    return next?.depth === box.depth ? next : null;
  }

  /** A plain wheel scrolls the page; with Ctrl, as two fingers on a touchpad have it, it zooms. */
  private wheel(event: WheelEvent): void {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    if (event.timeStamp - this.wheeled < WHEEL_PAUSE) return;
    this.wheeled = event.timeStamp;
    if (event.deltaY > 0) this.actions.back();
    else this.zoom(this.closer(this.boxUnder(event)));
  }

  private closer(box: Box | null): Box | null {
    if (!box) return null;
    const whole = this.picture!.layout.root.weight;
    return callers(box).find((caller) => caller.weight < WHEEL_STEP * whole) ?? box;
  }
}
