// SPDX-License-Identifier: MIT
// Which rows of a long table are drawn. All have one height, but for the details below an open one.

export interface Layout {
  readonly rows: number;
  readonly height: number; // of a row
  readonly open: number; // place of the row with details; -1: none is open
  readonly detail: number; // height of those
}

/** Where a row begins. */
export function topOf(layout: Layout, row: number): number {
  return row * layout.height + (layout.open >= 0 && row > layout.open ? layout.detail : 0);
}

/** The row at a height; within the details it is that of the details. */
function rowAt(layout: Layout, y: number): number {
  const plain = Math.floor(y / layout.height);
  if (layout.open < 0 || plain <= layout.open) return plain;
  return Math.max(layout.open, Math.floor((y - layout.detail) / layout.height));
}

/** Rows are drawn by the dozen, so that scrolling a little draws nothing. */
const STEP = 12;

/** First row and the one after the last, a step more than what is seen. */
export function visibleRows(layout: Layout, top: number, height: number): [number, number] {
  const first = Math.floor(rowAt(layout, Math.max(0, top)) / STEP) * STEP - STEP;
  const last = Math.ceil((rowAt(layout, top + height) + 1) / STEP) * STEP + STEP;
  return [Math.min(Math.max(0, first), layout.rows), Math.min(layout.rows, last)];
}
