// SPDX-License-Identifier: MIT
// Tables as CSV (RFC 4180), and anything as a file of the reader's.

/** A table that can be written: charts have theirs in this form, too. */
export interface Sheet {
  readonly name: string;
  readonly columns: readonly { readonly title: string; value(row: number): number | string | null }[];
  readonly length: number;
}

/** What is not known is empty. */
function cell(value: number | string | null): string {
  const text = value === null ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function csvText(sheet: Sheet): string {
  const lines = [sheet.columns.map((column) => cell(column.title)).join(",")];
  for (let row = 0; row < sheet.length; row++) {
    lines.push(sheet.columns.map((column) => cell(column.value(row))).join(","));
  }
  return `${lines.join("\r\n")}\r\n`;
}

/** Offer a file. Its address is given up once the browser has had time to read it. */
export function save(name: string, content: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export function saveTable(sheet: Sheet): void {
  save(`${sheet.name}.csv`, new Blob([csvText(sheet)], { type: "text/csv" }));
}
