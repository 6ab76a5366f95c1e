// SPDX-License-Identifier: MIT
// Live bytes by site or function, in all forms of a chart.
import { bytes, counted, share, time } from "../format";
import type { Context } from "../ui/view";
import type { Column, Cursor, Picture, Table } from "./picture";
import { toggleSlice } from "./slices";
import { stackOption } from "./stack_over_time";
import { OTHERS } from "./stack_over_time_layers";
import type { By, Layer, Layers } from "./stack_over_time_layers";

const HEIGHT = 460;
const NAMED = 3;

/** "json_string src/json.c:12 (3.20 MiB at 1.20 s)". */
function inWords({ name, place, bytes: of, most }: Layer, { edges }: Layers): string {
  return `${name} ${place} (${bytes(most)} at ${time(edges[of.indexOf(most)])})`;
}

function summary(layers: Layers, by: By, { model, state }: Context): string {
  const { edges, range, shown, found } = layers;
  const named = shown.filter(({ row }) => row !== OTHERS).slice(0, NAMED);
  const when = `From ${time(edges[range[0]])} to ${time(edges[range[1]])}`;
  const most = named.map((layer) => inWords(layer, layers)).join(", ");
  const whose = state.search === "" ? "" : ` of sites that match “${state.search}”`;
  if (named.length === 0) return `${when} nothing${whose} was live at the end of a slice.`;
  return `${when} ${counted(found, by)}${whose} held something at the edges of ` +
    `${counted(range[1] - range[0], "slice")}; most: ${most}.` +
    (model.data.report.estimated ? " All are estimates from a sample." : "");
}

/** A row for each edge. */
function table(layers: Layers, by: By): Table {
  const { edges, range, shown, total } = layers;
  const column = (title: string, values: ArrayLike<number>, text: (value: number) => string): Column => ({
    title,
    value: (row) => values[range[0] + row],
    text: (row) => text(values[range[0] + row]),
  });
  return {
    name: `live-by-${by}`,
    length: range[1] - range[0] + 1,
    columns: [
      column("at (s)", edges, time),
      ...shown.map(({ name, place, bytes: of }) => column(`${name} ${place} (bytes)`, of, bytes)),
      column("together (bytes)", total, bytes),
    ],
  };
}

/** Up is the next layer. New data may have fewer of them. */
function cursor(layers: Layers, context: Context): Cursor {
  const { edges, shown, total } = layers;
  const within = (row: number) => Math.min(row, shown.length - 1);
  return {
    columns: shown.length > 0 ? edges.length : 0,
    rows: shown.length,
    text: (edge, row) => {
      const { name, bytes: of } = shown[within(row)];
      return (
        `At ${time(edges[edge])}, ${name}: ${bytes(of[edge])}, ${share(of[edge], total[edge])} of ` +
        `${bytes(total[edge])}.`
      );
    },
    place: (edge, row) => ({
      x: edges[edge],
      y: shown.slice(0, within(row) + 1).reduce((sum, { bytes: of }) => sum + of[edge], 0),
    }),
    choose: (edge) => context.change(toggleSlice(context.state, Math.min(edge, edges.length - 2))),
  };
}

export function stackPicture(layers: Layers, by: By, context: Context): Picture {
  const { data } = context.model;
  return {
    label:
      `Live bytes over ${time(data.report.duration_seconds)} by ${by}: ` +
      `${counted(layers.shown.length, "layer")} at the edges of slices`,
    summary: summary(layers, by, context),
    height: HEIGHT,
    option: (theme, width) => stackOption(layers, data, theme, width),
    cursor: cursor(layers, context),
    table: table(layers, by),
  };
}
