// SPDX-License-Identifier: MIT
// How latencies are drawn: one diagram for allocations and one for frees over the same logarithmic axis,
// each with its percentiles.
import { nanoseconds, percent } from "../format";
import { axisLook, brief, tooltipLook } from "./axes";
import type { CustomSeriesOption, Option } from "./echarts";
import type { Theme } from "./theme";
import { tip } from "./tip";

/** Calls that took from low to high nanoseconds. */
export interface Bin {
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

export interface Percentile {
  readonly name: string;
  readonly value: number;
  /** As it is told: less than reading the clock takes is no number. */
  readonly text: string;
}

export interface Distribution {
  readonly kind: "alloc" | "free";
  readonly title: string;
  readonly bins: readonly Bin[];
  readonly samples: number;
  readonly percentiles: readonly Percentile[];
}

/** Four bars where the time doubles: the report's buckets, 1/32 wide, are too fine to be seen. */
const PER_DOUBLING = 4;
const edge = (bin: number) => 2 ** (bin / PER_DOUBLING);

/** Buckets of the report, [up to ns, calls], in bars; all below 1 ns in the first one, and what has no end
 * beyond the last. */
export function binned(buckets: readonly (readonly [number | null, number])[]): Bin[] {
  const counts = new Map<number, number>();
  const last = Math.max(...buckets.map(([end]) => end ?? 0), 1);
  for (const [end, count] of buckets) {
    const bin = Math.max(0, Math.ceil(Math.log2(Math.max(end ?? last * 1.2, 1)) * PER_DOUBLING));
    counts.set(bin, (counts.get(bin) ?? 0) + count);
  }
  return [...counts]
    .sort((a, b) => a[0] - b[0])
    .map(([bin, count]) => ({ low: bin === 0 ? 0 : edge(bin - 1), high: edge(bin), count }));
}

/** In percent of those measured. */
export function partOf(bin: Bin, of: Distribution): number {
  return of.samples > 0 ? (100 * bin.count) / of.samples : 0;
}

const MARGINS = { left: 62, right: 16, bottom: 28 };
/** Above each diagram: its title, and a line for each percentile's label, so that none covers another. */
const TITLE_HEIGHT = 22;
const LABEL_HEIGHT = 15;

type RenderItem = NonNullable<CustomSeriesOption["renderItem"]>;

/** A bar from the lower to the upper end of a bin. */
const drawBin: RenderItem = (_params, api) => {
  const [low, high, part] = [0, 1, 2].map((dimension) => Number(api.value(dimension)));
  const [left, top] = api.coord([low, part]);
  const [right, bottom] = api.coord([high, 0]);
  return {
    type: "rect",
    style: { fill: api.visual("color") as string },
    shape: {
      x: left,
      y: Math.min(top, bottom - 1),
      width: Math.max(1, right - left - 1),
      height: Math.max(1, bottom - top),
    },
  };
};

/** A line at each percentile, up to its label. */
function drawPercentile(of: Distribution, theme: Theme): RenderItem {
  return (params, api) => {
    const { name, value, text } = of.percentiles[params.dataIndex];
    const plot = params.coordSys as unknown as { x: number; y: number; width: number; height: number };
    const [x, bottom] = api.coord([Math.max(value, LEAST), 0]);
    const y = plot.y - (of.percentiles.length - params.dataIndex) * LABEL_HEIGHT;
    const leftwards = x > plot.x + plot.width * 0.7;
    return {
      type: "group",
      silent: true,
      children: [
        {
          type: "line",
          shape: { x1: x, x2: x, y1: y + 2, y2: bottom },
          style: { stroke: theme.text, lineWidth: 1, lineDash: [3, 3] },
        },
        {
          type: "text",
          style: {
            text: `${name}  ${text}`,
            x: leftwards ? x - 4 : x + 4,
            y,
            align: leftwards ? "right" : "left",
            verticalAlign: "top",
            fill: theme.text,
            backgroundColor: theme.surface,
            font: "12px sans-serif",
          },
        },
      ],
    };
  };
}

/** What takes no time by a coarse clock is drawn here: a logarithmic axis has no zero. */
const LEAST = 0.5;

function series(of: Distribution, index: number, theme: Theme): CustomSeriesOption[] {
  const axes = { xAxisIndex: index, yAxisIndex: index, clip: false };
  return [
    {
      type: "custom",
      name: of.title,
      color: theme[of.kind],
      ...axes,
      renderItem: drawBin,
      encode: { x: [0, 1], y: 2 },
      data: of.bins.map((bin) => [Math.max(bin.low, LEAST), bin.high, partOf(bin, of), bin.count]),
    },
    {
      type: "custom",
      ...axes,
      renderItem: drawPercentile(of, theme),
      tooltip: { show: false },
      data: of.percentiles.map(({ value }) => [Math.max(value, LEAST), 0]),
    },
  ];
}

function timeAxis(all: readonly Distribution[], theme: Theme) {
  const bins = all.flatMap((of) => of.bins);
  const look = axisLook(theme);
  return {
    type: "log" as const,
    logBase: 10,
    ...look,
    min: Math.max(LEAST, Math.min(...bins.map((bin) => bin.low)) / 1.1),
    max:
      Math.max(...bins.map((bin) => bin.high), ...all.flatMap((of) => of.percentiles.map((p) => p.value))) *
      1.1,
    axisLabel: {
      ...look.axisLabel,
      showMinLabel: false,
      showMaxLabel: false,
      formatter: (value: number) => brief(nanoseconds(value)),
    },
  };
}

function partAxis(of: Distribution, theme: Theme) {
  const look = axisLook(theme);
  return {
    type: "value" as const,
    name: `${of.title}, part of the calls`,
    ...look,
    splitNumber: 3,
    max: ({ max }: { max: number }) => Math.min(100, max * 1.1),
    nameTextStyle: {
      color: theme.text,
      align: "left" as const,
      fontWeight: "bold" as const,
      padding: [0, 0, of.percentiles.length * LABEL_HEIGHT - 8, -MARGINS.left],
    },
    axisLabel: {
      ...look.axisLabel,
      showMaxLabel: false,
      formatter: (value: number) => brief(percent(value)),
    },
  };
}

export function latencyOption(all: readonly Distribution[], theme: Theme, each: number): Option {
  return {
    grid: all.map(({ percentiles }, i) => {
      const above = TITLE_HEIGHT + percentiles.length * LABEL_HEIGHT;
      return {
        left: MARGINS.left,
        right: MARGINS.right,
        top: i * each + above,
        height: each - above - MARGINS.bottom,
      };
    }),
    tooltip: {
      ...tooltipLook(theme),
      formatter: (at) => {
        const { value, seriesName } = at as unknown as { value: number[]; seriesName: string };
        return tip(`${nanoseconds(value[0])} to ${nanoseconds(value[1])}`, [
          [seriesName, percent(value[2])],
          ["measured calls", String(value[3])],
        ]);
      },
    },
    xAxis: all.map((_, gridIndex) => ({ ...timeAxis(all, theme), gridIndex })),
    yAxis: all.map((of, gridIndex) => ({ ...partAxis(of, theme), gridIndex })),
    series: all.flatMap((of, index) => series(of, index, theme)),
  };
}
