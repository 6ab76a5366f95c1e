// SPDX-License-Identifier: MIT
// How threads are drawn: a line for each, on which allocations stand and below which frees hang, so that who
// gives blocks away and who gets them is seen at once.
import { bytes, count, time } from "../format";
import { NARROW, axisLook, legendLook, tooltipLook } from "./axes";
import type { CustomSeriesOption, Option } from "./echarts";
import type { Margins } from "./shade";
import { sliceText } from "./slices";
import type { Theme } from "./theme";
import { tip } from "./tip";

/** Figures by slice and row. */
export interface Activity {
  readonly names: readonly string[];
  readonly columns: number;
  /** Of the slices; null where there is one, the whole run. */
  readonly edges: readonly number[] | null;
  allocs(slice: number, row: number): number;
  frees(slice: number, row: number): number;
  bytes(slice: number, row: number): number;
}

/** Few threads may take room, 64 must fit. */
export function rowHeight(rows: number): number {
  return Math.max(18, Math.min(56, Math.round(480 / rows)));
}

export function marginsOf(width: number): Margins {
  return { left: width < NARROW ? 118 : 160, right: 12, top: 28, bottom: 32 };
}

const LONGEST_NAME = 15;

/** For a narrow chart: of "worker-thread (1234)" the number is what tells it from others. */
export function shortName(name: string): string {
  const [, words = name, number = ""] = /^(.*)( \(\d+\))$/s.exec(name) ?? [];
  const room = Math.max(3, LONGEST_NAME - number.length);
  return words.length <= room ? name : `${words.slice(0, room - 1)}\u2026${number}`;
}

/** Slice, row, how many. */
type Item = [number, number, number];

/** The highest bar: what the heights of all are measured by. */
export function highest(what: Activity): number {
  let most = 0;
  for (let row = 0; row < what.names.length; row++) {
    for (let slice = 0; slice < what.columns; slice++) {
      most = Math.max(most, what.allocs(slice, row), what.frees(slice, row));
    }
  }
  return most;
}

function items(what: Activity, of: (slice: number, row: number) => number) {
  const data: Item[] = [];
  for (let row = 0; row < what.names.length; row++) {
    for (let slice = 0; slice < what.columns; slice++) {
      const value = of(slice, row);
      if (value > 0) data.push([slice, row, value]);
    }
  }
  return data;
}

type RenderItem = NonNullable<CustomSeriesOption["renderItem"]>;

/** The square root of the number: one slice that is much busier than all others leaves these to be seen. And
 * what is there is seen, however little: at least a pixel. */
function drawBar(most: number, direction: 1 | -1): RenderItem {
  return (_params, api) => {
    const [slice, row, value] = [0, 1, 2].map((dimension) => Number(api.value(dimension)));
    const [x, y] = api.coord([slice, row]);
    const [width, height] = api.size!([1, 1]) as number[];
    const bar = Math.max(1, Math.sqrt(value / most) * (height / 2 - 1));
    return {
      type: "rect",
      style: { fill: api.visual("color") as string },
      shape: {
        x: x - width / 2,
        y: direction === 1 ? y - bar : y,
        width: Math.max(1, width - 1),
        height: bar,
      },
    };
  };
}

function describe(what: Activity, slice: number, row: number): HTMLElement {
  return tip(what.names[row], [
    ["time", what.edges ? sliceText(what.edges, slice) : "whole run"],
    ["allocations", count(what.allocs(slice, row))],
    ["allocated", bytes(what.bytes(slice, row))],
    ["frees", count(what.frees(slice, row))],
  ]);
}

export function threadsOption(what: Activity, theme: Theme, width: number): Option {
  const look = axisLook(theme);
  const [allocs, frees] = [items(what, what.allocs), items(what, what.frees)];
  const most = Math.max(1, highest(what));
  const margins = marginsOf(width);
  const series = (name: string, color: string, data: Item[], direction: 1 | -1): CustomSeriesOption => ({
    type: "custom",
    name,
    color,
    data,
    renderItem: drawBar(most, direction),
    encode: { x: 0, y: 1 },
    progressive: 0,
    clip: true,
  });
  return {
    legend: legendLook(theme),
    grid: margins,
    tooltip: {
      ...tooltipLook(theme),
      formatter: (at) => {
        const [slice, row] = (at as unknown as { value: Item }).value;
        return describe(what, slice, row);
      },
    },
    xAxis: {
      type: "category",
      ...look,
      splitLine: { show: false },
      data: Array.from({ length: what.columns }, (_, i) => (what.edges ? time(what.edges[i]) : "whole run")),
    },
    yAxis: {
      type: "category",
      inverse: true,
      data: what.names.map((name) => (width < NARROW ? shortName(name) : name)),
      ...look,
      axisLabel: {
        ...look.axisLabel,
        color: theme.text,
        width: margins.left - 10,
        overflow: "truncate",
        interval: 0,
        hideOverlap: false,
      },
    },
    series: [series("allocations", theme.alloc, allocs, 1), series("frees", theme.free, frees, -1)],
  };
}
