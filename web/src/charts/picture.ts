// SPDX-License-Identifier: MIT
// One description of a chart, of which all its forms are made: what is drawn, the sentence, what the
// keyboard reads out, the table, the files.
import type { Option } from "./echarts";
import type { Theme } from "./theme";

export interface Picture {
  /** What is drawn, for who does not see it, and above it in files. */
  readonly label: string;
  /** Its numbers in words. */
  readonly summary: string;
  /** In CSS pixels. */
  readonly height: number;
  /** How it is drawn in so many pixels. */
  option(theme: Theme, width: number): Option;
  readonly cursor: Cursor;
  readonly table: Table;
}

/** What the arrow keys go through: points in a row (rows = 1), or cells. */
export interface Cursor {
  readonly columns: number;
  readonly rows: number;
  text(column: number, row: number): string;
  place(column: number, row: number): Place;
  /** By Enter or a click. */
  choose?(column: number, row: number): void;
}

/** Where a point is drawn: by the values of its axes, or as an item of the first series, where a link between
 * two is an edge. */
export type Place =
  | { readonly x: number; readonly y: number; readonly grid?: number }
  | { readonly item: number; readonly edge?: boolean };

export interface Table {
  /** In the name of its file, too. */
  readonly name: string;
  readonly columns: readonly Column[];
  readonly length: number;
}

export interface Column {
  readonly title: string;
  /** The exact value, as CSV has it; null is not known. */
  value(row: number): number | string | null;
  /** As people read it; without it the value is text. */
  text?(row: number): string;
}
