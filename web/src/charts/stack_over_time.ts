// SPDX-License-Identifier: MIT
// How live bytes by site or function are drawn: layers on each other, the largest one at the bottom, and above
// them the line of the most that was live, which knows what was between two edges.
import { once } from "../data/functions";
import type { Data } from "../data/schema";
import { bytes, share, time } from "../format";
import { bytesAxis, legendLook, timeAxis, tooltipLook, wheelZoom } from "./axes";
import type { Option, Series } from "./echarts";
import type { Margins } from "./shade";
import { firstAbove } from "./slices";
import { OTHERS } from "./stack_over_time_layers";
import type { Layers } from "./stack_over_time_layers";
import type { Theme } from "./theme";
import { tip } from "./tip";

const LINE = "live in all, most";
/** Of the legend, so that it is known how many lines it takes. */
const NAME_WIDTH = 140;
const ITEM = { width: 14, gap: 10, between: 5, height: 22 };

/** By Okabe and Ito; neighbours differ in lightness, too. */
const COLOURS: readonly string[] = [
  "#0072b2", "#e69f00", "#009e73", "#f0e442", "#cc79a7", "#56b4e9", "#d55e00",
];
const GREY = { light: "#8c9298", dark: "#6b737c" };

export function layerColour(place: number, row: number, theme: Theme): string {
  return row === OTHERS ? (theme.dark ? GREY.dark : GREY.light) : COLOURS[place % COLOURS.length];
}

/** Room for the legend, which is as wide as the chart. */
export function marginsOf(width: number, layers: number): Margins {
  const each = ITEM.width + ITEM.between + NAME_WIDTH + ITEM.gap;
  const lines = Math.ceil((layers + 1) / Math.max(1, Math.floor(width / each)));
  return { left: 72, right: 24, top: lines * ITEM.height + 12, bottom: 28 };
}

/** The edge next to a time. */
export function edgeAt(edges: readonly number[], at: number): number {
  const after = Math.min(Math.max(firstAbove(edges, at), 1), edges.length - 1);
  return at - edges[after - 1] < edges[after] - at ? after - 1 : after;
}

function layerSeries({ edges, shown }: Layers, theme: Theme): Series[] {
  return shown.map((layer, place) => ({
    type: "line",
    name: layer.name,
    stack: "live",
    color: layerColour(place, layer.row, theme),
    data: edges.map((edge, i) => [edge, layer.bytes[i]]),
    areaStyle: { opacity: 0.85 },
    lineStyle: { width: 1, color: theme.surface },
    showSymbol: false,
    emphasis: { disabled: true },
  }) as Series);
}

/** The timeline in fewer points: the most of each part, at that part's end. */
const POINTS = 1000;
const lineOf = once(({ timeline: { t, allocated_max_bytes: most } }: Data): number[][] => {
  const stride = Math.max(1, Math.ceil(t.length / POINTS));
  return Array.from({ length: Math.ceil(t.length / stride) }, (_, part) => {
    const rows = most.slice(part * stride, (part + 1) * stride);
    return [t[part * stride + rows.length - 1], rows.reduce((top, value) => Math.max(top, value), 0)];
  });
});

function lineSeries(data: Data, theme: Theme): Series {
  return {
    type: "line",
    name: LINE,
    color: theme.text,
    data: lineOf(data),
    lineStyle: { width: 1 },
    showSymbol: false,
    emphasis: { disabled: true },
  } as Series;
}

/** Beside the pointer there is no room for more. */
const shortened = (name: string): string => (name.length <= 40 ? name : `${name.slice(0, 40)}…`);

/** In the order in which they lie. */
function describe({ edges, shown, total }: Layers, at: number): HTMLElement {
  const edge = edgeAt(edges, at);
  const lines = shown.map(({ name, bytes: of }): [string, string] =>
    [shortened(name), `${bytes(of[edge])}, ${share(of[edge], total[edge])}`]);
  return tip(`at ${time(edges[edge])}`, [...lines.reverse(), ["together", bytes(total[edge])]]);
}

function highest({ total }: Layers, data: Data): number {
  return [...total, ...lineOf(data).map(([, most]) => most)].reduce((top, value) => Math.max(top, value), 0);
}

export function stackOption(layers: Layers, data: Data, theme: Theme, width: number): Option {
  const { edges, shown } = layers;
  return {
    grid: marginsOf(width, shown.length),
    legend: {
      ...legendLook(theme), width, itemWidth: ITEM.width, itemGap: ITEM.gap,
      textStyle: { color: theme.text, fontSize: 12, width: NAME_WIDTH, overflow: "truncate" },
      data: [...shown.map(({ name }) => ({ name, icon: "rect" })), { name: LINE, itemStyle: { opacity: 0 } }],
    },
    tooltip: {
      ...tooltipLook(theme),
      trigger: "axis",
      formatter: (points) => {
        const first = (Array.isArray(points) ? points[0] : points) as { axisValue?: number } | undefined;
        return describe(layers, Number(first?.axisValue ?? 0));
      },
    },
    xAxis: timeAxis(theme, edges[0], edges[edges.length - 1]),
    yAxis: bytesAxis(theme, highest(layers, data)),
    dataZoom: [wheelZoom([0])],
    series: [...layerSeries(layers, theme), lineSeries(data, theme)],
  };
}
