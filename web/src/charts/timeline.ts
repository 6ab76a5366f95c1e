// SPDX-License-Identifier: MIT
// How the timeline is drawn: bytes above, rates below, over the same seconds.
import type { Data, Timeline } from "../data/schema";
import { bytes, rate, time } from "../format";
import { axisLook, brief, bytesAxis, countAxis, legendLook, timeAxis, tooltipLook, wheelZoom } from "./axes";
import type { Option, Series } from "./echarts";
import type { Margins } from "./shade";
import { firstAbove } from "./slices";
import type { Theme } from "./theme";
import { tip } from "./tip";

/** Of both diagrams together. */
export const MARGINS: Margins = { left: 72, right: 24, top: 52, bottom: 28 };
const RATES_HEIGHT = 90;
const GAP = 18;

const hasRates = (timeline: Timeline) => timeline.alloc_rate.some((value) => value !== null);

function grids(rates: boolean) {
  const { left, right, top, bottom } = MARGINS;
  const heap = { left, right, top, bottom: rates ? bottom + RATES_HEIGHT + GAP : bottom };
  return rates ? [heap, { left, right, bottom, height: RATES_HEIGHT }] : [heap];
}

/** A line of one column; many points are thinned out to what can be seen. */
function line(name: string, y: string, color: string, more: Partial<Series> = {}): Series {
  return {
    type: "line",
    name,
    encode: { x: "t", y },
    color,
    showSymbol: false,
    sampling: "lttb",
    lineStyle: { width: 1.5 },
    emphasis: { disabled: true },
    ...more,
  } as Series;
}

function peak({ report }: Data, theme: Theme, last: number) {
  if (report.peak_time === null || report.peak_allocated === null) return undefined;
  const part = last > 0 ? report.peak_time / last : 0;
  return {
    symbol: "circle",
    symbolSize: 9,
    itemStyle: { color: theme.warning },
    data: [{ coord: [report.peak_time, report.peak_allocated] }],
    label: {
      formatter: `peak ${bytes(report.peak_allocated)}`,
      color: theme.text,
      fontWeight: "bold" as const,
      position: part > 0.8 ? ("left" as const) : part < 0.2 ? ("right" as const) : ("top" as const),
    },
  };
}

/** Count mode knows resident memory alone. */
const hasHeap = (timeline: Timeline) => timeline.allocated_max_bytes.some((value) => value !== null);

function heapSeries(data: Data, theme: Theme, last: number): Series[] {
  const live = line("live, most", "most", theme.live, {
    areaStyle: { opacity: 0.18 },
    markPoint: peak(data, theme, last),
  } as Partial<Series>);
  const end = line("live at the end of an interval", "end", theme.muted, {
    lineStyle: { width: 1 },
  } as Partial<Series>);
  const rss = line("resident", "rss", theme.rss, {
    datasetIndex: 1,
    lineStyle: { width: 1.5, type: "dashed" },
  } as Partial<Series>);
  return hasHeap(data.timeline) ? [live, end, rss] : [rss];
}

function rateSeries(theme: Theme): Series[] {
  const below = { xAxisIndex: 1, yAxisIndex: 1 } as Partial<Series>;
  return [line("allocations/s", "allocs", theme.alloc, below), line("frees/s", "frees", theme.free, below)];
}

function datasets(timeline: Timeline): { source: Record<string, (number | null)[]> }[] {
  const known = [...timeline.t.keys()].filter((row) => timeline.rss_bytes[row] !== null);
  const all = {
    t: timeline.t,
    most: timeline.allocated_max_bytes,
    end: timeline.allocated_bytes,
    allocs: timeline.alloc_rate,
    frees: timeline.free_rate,
  };
  const rss = { t: known.map((row) => timeline.t[row]), rss: known.map((row) => timeline.rss_bytes[row]) };
  return [{ source: all }, { source: rss }];
}

/** The last one that was measured until then: it is measured less often. */
function rssBefore(timeline: Timeline, row: number): number | null {
  for (let i = row; i >= 0 && i > row - 1000; i--) {
    if (timeline.rss_bytes[i] != null) return timeline.rss_bytes[i];
  }
  return null;
}

function describe(timeline: Timeline, at: number): HTMLElement {
  const row = Math.min(firstAbove(timeline.t, at - 1e-12), timeline.t.length - 1);
  return tip(`until ${time(timeline.t[row])}`, [
    ["live, most", bytes(timeline.allocated_max_bytes[row])],
    ["live at the end", bytes(timeline.allocated_bytes[row])],
    ["resident", bytes(rssBefore(timeline, row))],
    ["allocations", rate(timeline.alloc_rate[row])],
    ["frees", rate(timeline.free_rate[row])],
  ]);
}

function highest(columns: readonly (readonly (number | null)[])[]): number {
  let top = 0;
  for (const column of columns) for (const value of column) if (value !== null && value > top) top = value;
  return top;
}

/** The lower one has the labels for both. */
function timeAxisOf(theme: Theme, [first, last]: [number, number], gridIndex: number, labelled: boolean) {
  const axis = timeAxis(theme, first, last);
  return { ...axis, gridIndex, axisLabel: { ...axis.axisLabel, show: labelled } };
}

export function timelineOption(data: Data, theme: Theme, width: number): Option {
  const { timeline } = data;
  const rates = hasRates(timeline);
  const last = timeline.t[timeline.t.length - 1] ?? 0;
  const first = data.slices?.edges[0] ?? 0;
  const axes = rates ? [0, 1] : [0];
  const top = highest([timeline.allocated_max_bytes, timeline.rss_bytes, [data.report.peak_allocated]]);
  return {
    grid: grids(rates),
    // Lines as they are drawn, without the symbol of a point.
    legend: { ...legendLook(theme), width: width - 20, itemStyle: { opacity: 0 } },
    tooltip: {
      ...tooltipLook(theme),
      trigger: "axis",
      formatter: (points) => {
        const first = (Array.isArray(points) ? points[0] : points) as { axisValue?: number } | undefined;
        return describe(timeline, Number(first?.axisValue ?? 0));
      },
    },
    axisPointer: { link: [{ xAxisIndex: "all" }] },
    dataset: datasets(timeline),
    xAxis: axes.map((gridIndex) =>
      timeAxisOf(theme, [first, last], gridIndex, gridIndex === axes.length - 1),
    ),
    yAxis: axes.map((gridIndex) =>
      gridIndex === 0
        ? { ...bytesAxis(theme, top), gridIndex }
        : {
            ...countAxis(theme),
            gridIndex,
            splitNumber: 2,
            axisLabel: {
              ...axisLook(theme).axisLabel,
              formatter: (value: number) => brief(rate(value)),
            },
          },
    ),
    dataZoom: [wheelZoom(axes)],
    series: [...heapSeries(data, theme, last), ...(rates ? rateSeries(theme) : [])],
  };
}
