// SPDX-License-Identifier: MIT
// Where boxes are on the picture, the same for the canvas and for files.
import type { Box, Layout } from "./layout";

export interface Size {
  readonly width: number;
  readonly row: number; // height of a box
  /** Callers at the bottom, as flames are; else at the top, as icicles. */
  readonly upward: boolean;
}

export interface Shape {
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

export const GAP = 1; // between boxes
const PADDING = 5; // of text in a box
const NARROWEST_TEXT = 28;
const LONGEST_NAME = 300; // what is beyond is not seen on any screen

export function heightOf(layout: Layout, size: Size): number {
  return (layout.depth + 1) * size.row;
}

function level(layout: Layout, depth: number, size: Size): number {
  return size.upward ? layout.depth - depth : depth;
}

export function shapeOf(layout: Layout, box: Box, size: Size): Shape {
  const scale = layout.root.weight > 0 ? size.width / layout.root.weight : 0;
  const width = layout.root.weight > 0 ? box.weight * scale : size.width;
  return { x: (box.offset - layout.root.offset) * scale, y: level(layout, box.depth, size) * size.row,
    width: box === layout.root ? size.width : width };
}

/** The box at a point of the picture. */
export function boxAt(layout: Layout, x: number, y: number, size: Size): Box | null {
  const depth = level(layout, Math.floor(y / size.row), size);
  const weight = (x / size.width) * layout.root.weight;
  let box: Box | undefined = layout.root;
  while (box && box.depth < depth) {
    box = box.children.find((child) => weight >= child.offset && weight < child.offset + child.weight);
  }
  return box && box.depth === depth ? box : null;
}

export type Measure = (text: string) => number;

/** As much of a name as there is room for. */
export function fitText(name: string, width: number, measure: Measure): string {
  const room = width - 2 * PADDING;
  if (width < NARROWEST_TEXT) return "";
  const text = name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name;
  const whole = measure(text);
  if (whole <= room) return text;
  const letters = Math.floor((text.length * (room - measure("…"))) / whole);
  return letters > 1 ? `${text.slice(0, letters)}…` : "";
}

export function textAt(shape: Shape, size: Size): { x: number; y: number; room: number } {
  return { x: shape.x + PADDING, y: shape.y + size.row / 2, room: shape.width - 2 * PADDING };
}

/** Widths of texts, each measured once. */
export function measurer(context: CanvasRenderingContext2D): Measure {
  const widths = new Map<string, number>();
  return (text) => {
    let width = widths.get(text);
    if (width === undefined) widths.set(text, width = context.measureText(text).width);
    return width;
  };
}
