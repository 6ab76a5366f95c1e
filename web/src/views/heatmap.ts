// SPDX-License-Identifier: MIT
// View 3: which sizes were allocated when.
import { Figure } from "../charts/figure";
import { MARGINS, heatmapOption } from "../charts/heatmap";
import type { Picture, Table } from "../charts/picture";
import { Shade } from "../charts/shade";
import { bucketsOf, sizesOf, slicesOf, sums } from "../charts/sizes";
import type { Selected, Sizes, Timed } from "../charts/sizes";
import { isSelected, sliceText, toggleSlice } from "../charts/slices";
import { selectedSlices } from "../data/model";
import type { Report } from "../data/schema";
import { count, counted, share, time } from "../format";
import { el } from "../ui/dom";
import type { Context, Instance, View } from "../ui/view";

function summary(sizes: Sizes, selected: Selected, report: Report): string {
  const byRow = sums(sizes, selected, report);
  const all = byRow.reduce((sum, value) => sum + value, 0);
  const when = selected ? `From ${sliceText(sizes.slices.edges, ...selected)}` : "In the whole run";
  if (all === 0) return `${when} nothing was allocated.`;
  const order = byRow
    .map((_, row) => row)
    .sort((a, b) => byRow[b] - byRow[a])
    .slice(0, 3);
  const parts = order
    .filter((row) => byRow[row] > 0)
    .map((row) => `${sizes.range(row)} (${count(byRow[row])}, ${share(byRow[row], all)})`);
  return (
    `${when} ${counted(all, "block was", "blocks were")} allocated; most frequent: ${parts.join(", ")}.` +
    (report.estimated ? " What the cells show is estimated from a sample." : "")
  );
}

/** A row for each time and size with blocks. */
function table(sizes: Sizes, selected: Selected): Table {
  const rows: [number, number][] = [];
  for (let slice = 0; slice < sizes.columns; slice++) {
    if (!isSelected(selected, slice)) continue;
    for (let row = 0; row < sizes.rows; row++) if (sizes.count(slice, row) > 0) rows.push([slice, row]);
  }
  const { edges } = sizes.slices;
  const at = (title: string, value: (slice: number) => number) => ({
    title,
    value: (i: number) => value(rows[i][0]),
    text: (i: number) => time(value(rows[i][0])),
  });
  return {
    name: "sizes-over-time",
    length: rows.length,
    columns: [
      at("from (s)", (slice) => edges[slice]),
      at("to (s)", (slice) => edges[slice + 1]),
      { title: "size", value: (i) => sizes.range(rows[i][1]) },
      {
        title: "blocks allocated",
        value: (i) => sizes.count(...rows[i]),
        text: (i) => count(sizes.count(...rows[i])),
      },
    ],
  };
}

function picture(context: Context, slices: Timed): Picture {
  const sizes = sizesOf(slices, bucketsOf(context.model.data.report));
  const selected = selectedSlices(context.model.data, context.state);
  return {
    label: `Blocks allocated: ${count(sizes.rows)} sizes by ${count(sizes.columns)} slices of time`,
    summary: summary(sizes, selected, context.model.data.report),
    height: 100 + Math.max(sizes.rows, 4) * 22,
    option: (theme, width) => heatmapOption(sizes, theme, width),
    cursor: {
      columns: sizes.columns,
      rows: sizes.rows,
      text: (slice, row) =>
        `${sliceText(slices.edges, slice)}, ${sizes.range(row)}: ` +
        `${counted(sizes.count(slice, row), "block")}.`,
      place: (x, y) => ({ x, y }),
      choose: (slice) => context.model.data.slices && context.change(toggleSlice(context.state, slice)),
    },
    table: table(sizes, selected),
  };
}

function create(element: HTMLElement, context: Context): Instance {
  let now = context;
  const figure = new Figure(element, () => place());
  const shade = new Shade(figure.stage);
  const place = (): void =>
    shade.showSlices(
      selectedSlices(now.model.data, now.state),
      (now.model.data.slices?.edges.length ?? 2) - 1,
      MARGINS,
    );
  const hint = el(
    "p",
    { class: "chart-hint" },
    "A click on a cell selects its time; another one selects all.",
  );
  figure.stage.after(hint);
  figure.canvas.element.addEventListener("click", (event) => {
    const cell = figure.canvas.cellAt(event.offsetX, event.offsetY);
    if (cell && now.model.data.slices) now.change(toggleSlice(now.state, cell[0]));
  });
  const update = (next: Context): void => {
    now = next;
    const { data } = now.model;
    hint.hidden = data.slices === null;
    figure.show(picture(now, slicesOf(data)), data);
    place();
  };
  update(context);
  return { update };
}

export default {
  id: "heatmap",
  title: "Sizes over time",
  question: "Which sizes of blocks does the program ask for, and when?",
  absent: ({ data }) =>
    slicesOf(data).sizes.count.some((value) => value > 0) ? null : "The program allocated nothing.",
  create,
} satisfies View;
