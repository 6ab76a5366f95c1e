// SPDX-License-Identifier: MIT
// How parts of a whole are drawn: half circles side by side, from 0 to 100 %, with a mark where it is much.
import { percent } from "../format";
import { tooltipLook } from "./axes";
import type { Option } from "./echarts";
import type { Theme } from "./theme";
import { tip } from "./tip";

export interface Gauge {
  readonly title: string;
  readonly part: number;
  /** From where on it is much; null nowhere. */
  readonly limit: number | null;
}

/** Side by side, not further apart than the eye likes. */
const WIDEST = 300;

function gauge({ title, part, limit }: Gauge, place: number, room: number, theme: Theme) {
  const much = limit !== null && part >= limit;
  const wide = room < WIDEST ? 12 : 18;
  return {
    type: "gauge" as const,
    min: 0,
    max: 100,
    startAngle: 180,
    endAngle: 0,
    center: [room * (place + 0.5), "72%"],
    radius: room * 0.42,
    axisLine: {
      lineStyle: {
        width: wide,
        color: [
          [limit ?? 1, theme.line],
          [1, `${theme.warning}66`],
        ] as [number, string][],
      },
    },
    progress: { show: true, width: wide, itemStyle: { color: much ? theme.warning : theme.live } },
    pointer: { show: false },
    anchor: { show: false },
    axisTick: { show: false },
    splitNumber: 10,
    splitLine: { distance: -wide, length: wide, lineStyle: { color: theme.surface, width: 1 } },
    axisLabel: { show: false },
    title: { show: true, offsetCenter: [0, "22%"], color: theme.text, fontSize: 14 },
    detail: {
      offsetCenter: [0, "-12%"],
      color: theme.text,
      fontSize: room < WIDEST ? 18 : 24,
      formatter: (value: number) => `${percent(value)}${much ? "\nmuch" : ""}`,
      lineHeight: 24,
    },
    data: [{ value: 100 * part, name: title }],
  };
}

export function gaugeOption(gauges: readonly Gauge[], theme: Theme, width: number): Option {
  const room = Math.min(WIDEST, width / gauges.length);
  return {
    tooltip: {
      ...tooltipLook(theme),
      formatter: (at) => {
        const { name, value } = at as unknown as { name: string; value: number };
        return tip(name, [["part", percent(value)]]);
      },
    },
    series: gauges.map((one, place) => gauge(one, place, room, theme)),
  };
}
