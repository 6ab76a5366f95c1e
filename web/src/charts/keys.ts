// SPDX-License-Identifier: MIT
// Going through the points of a chart by the keyboard.
import type { Cursor } from "./picture";

export interface Position {
  readonly column: number;
  readonly row: number;
}

const clamp = (value: number, count: number) => Math.max(0, Math.min(count - 1, value));

/** Where a key leads to; null when it means nothing here. Up is the next row, as the axis has it. Where
 * there is one row, up and down go along it, too. */
export function moved(from: Position | null, key: string, cursor: Cursor): Position | null {
  const { columns, rows } = cursor;
  const page = Math.max(1, Math.round(columns / 20));
  const at = from ?? { column: 0, row: 0 };
  const along = (by: number) => ({ ...at, column: clamp(from ? at.column + by : 0, columns) });
  const across = (by: number) => ({ ...at, row: clamp(at.row + by, rows) });
  switch (key) {
    case "ArrowRight":
      return along(1);
    case "ArrowLeft":
      return along(-1);
    case "ArrowUp":
      return rows > 1 ? across(1) : along(-1);
    case "ArrowDown":
      return rows > 1 ? across(-1) : along(1);
    case "PageDown":
      return along(page);
    case "PageUp":
      return along(-page);
    case "Home":
      return { ...at, column: 0 };
    case "End":
      return { ...at, column: columns - 1 };
    default:
      return null;
  }
}
