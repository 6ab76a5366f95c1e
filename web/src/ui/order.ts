// SPDX-License-Identifier: MIT
// The order of a table's rows: "alloc_bytes" most first, "-alloc_bytes" least first.

type Value = number | string | null;

export interface Sorting {
  readonly column: string;
  readonly ascending: boolean;
}

export function parseSort(sort: string): Sorting {
  return sort.startsWith("-") ? { column: sort.slice(1), ascending: true }
    : { column: sort, ascending: false };
}

/** What a click on a column's title asks for: the other way round, or first what people look for:
 * the most of numbers, names from A. */
export function nextSort(now: string, column: string, numeric: boolean): string {
  const { column: sorted, ascending } = parseSort(now);
  const rise = sorted === column ? !ascending : !numeric;
  return rise ? `-${column}` : column;
}

const folded = (value: Value): Value => (typeof value === "string" ? value.toLowerCase() : value);

/** Rows in order. Equal ones stay as they were, and what is not known comes last either way. */
export function sortRows(rows: ArrayLike<number>, value: (row: number) => Value,
                         ascending: boolean): number[] {
  const sign = ascending ? 1 : -1;
  const keyed = Array.from(rows, (row) => ({ row, key: folded(value(row)) }));
  keyed.sort((a, b) => {
    if (a.key === b.key) return 0;
    if (a.key === null) return 1;
    if (b.key === null) return -1;
    return a.key < b.key ? -sign : sign;
  });
  return keyed.map(({ row }) => row);
}
