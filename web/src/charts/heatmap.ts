// SPDX-License-Identifier: MIT
// How sizes over time are drawn: a cell for each, the darker (on a dark page the lighter) the more blocks, by
// the logarithm of their number.
import { count, time } from "../format";
import { NARROW, axisLook, tooltipLook } from "./axes";
import type { CustomSeriesOption, Option } from "./echarts";
import type { Margins } from "./shade";
import type { Sizes } from "./sizes";
import { sliceText } from "./slices";
import type { Theme } from "./theme";
import { tip } from "./tip";

export const MARGINS: Margins = { left: 78, right: 12, top: 8, bottom: 74 };

/** Slice, row, logarithm of the number; none where that is 0. */
function cells(sizes: Sizes): [number, number, number][] {
  const data: [number, number, number][] = [];
  for (let slice = 0; slice < sizes.columns; slice++) {
    for (let row = 0; row < sizes.rows; row++) {
      const value = sizes.count(slice, row);
      if (value > 0) data.push([slice, row, Math.log10(value)]);
    }
  }
  return data;
}

function describe(sizes: Sizes, slice: number, row: number): HTMLElement {
  return tip(sizes.range(row), [
    ["blocks allocated", count(sizes.count(slice, row))],
    ["time", sliceText(sizes.slices.edges, slice)],
  ]);
}

type RenderItem = NonNullable<CustomSeriesOption["renderItem"]>;

/** ECharts' own heatmap is drawn in layers, of which only the last one comes to paper. */
function drawCell(theme: Theme, gap: number): RenderItem {
  return (_params, api) => {
    const [x, y] = api.coord([api.value(0), api.value(1)]);
    const [width, height] = api.size!([1, 1]) as number[];
    return {
      type: "rect",
      shape: { x: x - width / 2, y: y - height / 2, width: width - gap, height: height - gap },
      style: { fill: api.visual("color") as string },
      emphasis: { style: { stroke: theme.text, lineWidth: 1 } },
    };
  };
}

export function heatmapOption(sizes: Sizes, theme: Theme, width: number): Option {
  const look = axisLook(theme);
  const data = cells(sizes);
  const most = Math.max(...data.map((cell) => cell[2]), 0.01);
  const category = (length: number, label: (index: number) => string) => ({
    type: "category" as const,
    data: Array.from({ length }, (_, i) => label(i)),
    ...look,
    splitLine: { show: false },
  });
  return {
    grid: MARGINS,
    tooltip: {
      ...tooltipLook(theme),
      formatter: (at) => {
        const [slice, row] = (at as unknown as { value: [number, number] }).value;
        return describe(sizes, slice, row);
      },
    },
    xAxis: category(sizes.columns, (slice) =>
      sizes.columns > 1 ? time(sizes.slices.edges[slice]) : "whole run",
    ),
    yAxis: category(sizes.rows, sizes.short),
    visualMap: {
      type: "continuous",
      min: 0,
      max: most,
      dimension: 2,
      calculable: false,
      orient: "horizontal",
      left: MARGINS.left,
      bottom: 4,
      itemWidth: 12,
      itemHeight: width < NARROW ? 110 : 220,
      text: [`${count(10 ** most)} blocks`, "1"],
      textStyle: { color: theme.muted },
      inRange: { color: [...theme.scale] },
      formatter: (value) => count(10 ** Number(value)),
    },
    series: [
      {
        type: "custom",
        data,
        encode: { x: 0, y: 1 },
        progressive: 0,
        renderItem: drawCell(theme, width < NARROW ? 0 : 1),
      },
    ],
  };
}
