// SPDX-License-Identifier: MIT
// The live bytes of two runs in one chart, each from its own start.
import { bytesAxis, legendLook, timeAxis, tooltipLook } from "../charts/axes";
import type { Option, Series } from "../charts/echarts";
import type { Column, Picture } from "../charts/picture";
import type { Theme } from "../charts/theme";
import type { Data, Timeline } from "../data/schema";
import { bytes, time } from "../format";

const HEIGHT = 260;
const STEPS = 200; // that the keyboard goes through

interface Run {
  readonly name: string;
  readonly timeline: Timeline;
}

function runsOf(data: Data): [Run, Run] {
  return [{ name: "old", timeline: data.diff!.old.timeline }, { name: "new", timeline: data.timeline }];
}

function most(values: readonly (number | null)[]): number {
  return values.reduce<number>((top, value) => Math.max(top, value ?? 0), 0);
}

function line({ name, timeline }: Run, theme: Theme): Series {
  const isNew = name === "new";
  return {
    type: "line", name, data: timeline.t.map((t, row) => [t, timeline.allocated_max_bytes[row]]),
    color: isNew ? theme.warning : theme.live, showSymbol: false, sampling: "lttb",
    lineStyle: { width: 1.5, type: isNew ? "solid" : "dashed" }, emphasis: { disabled: true },
  } as Series;
}

function option(runs: readonly Run[], theme: Theme): Option {
  const last = Math.max(...runs.map(({ timeline }) => timeline.t.at(-1) ?? 0));
  const top = Math.max(...runs.map(({ timeline }) => most(timeline.allocated_max_bytes)));
  return {
    grid: { left: 72, right: 16, top: 36, bottom: 28 },
    legend: legendLook(theme),
    tooltip: { ...tooltipLook(theme), trigger: "axis", valueFormatter: (value) => bytes(Number(value)) },
    xAxis: timeAxis(theme, 0, last), yAxis: bytesAxis(theme, top),
    series: runs.map((run) => line(run, theme)),
  };
}

/** What was live until a time; null after the end. */
function liveAt({ t, allocated_max_bytes: live }: Timeline, seconds: number): number | null {
  let low = 0, high = t.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (t[middle] < seconds) low = middle + 1;
    else high = middle;
  }
  return live[low] ?? null;
}

/** One row for each interval of either run. */
function columns(runs: readonly [Run, Run]): { columns: Column[]; length: number } {
  const split = runs[0].timeline.t.length;
  const at = <Value>(row: number, of: (run: Run, row: number) => Value): Value =>
    row < split ? of(runs[0], row) : of(runs[1], row - split);
  const until = (row: number): number => at(row, ({ timeline }, i) => timeline.t[i]);
  const live = (row: number): number => at(row, ({ timeline }, i) => timeline.allocated_max_bytes[i]);
  return {
    length: split + runs[1].timeline.t.length,
    columns: [
      { title: "run", value: (row) => at(row, ({ name }) => name) },
      { title: "until (s)", value: until, text: (row) => time(until(row)) },
      { title: "most live (bytes)", value: live, text: (row) => bytes(live(row)) },
    ],
  };
}

/** Both timelines; null where a run has none. */
export function overlay(data: Data): Picture | null {
  const runs = runsOf(data);
  if (runs.some(({ timeline }) => timeline.t.length === 0)) return null;
  const last = Math.max(...runs.map(({ timeline }) => timeline.t.at(-1)!));
  const [peak, before] = [data.report.peak_allocated, data.diff!.old.report.peak_allocated];
  const seconds = (step: number): number => (last * (step + 1)) / STEPS;
  const text = (step: number): string => runs.map(({ name, timeline }) => {
    const live = liveAt(timeline, seconds(step));
    return `${name} ${live === null ? "has ended" : bytes(live)}`;
  }).join(", ");
  return {
    label: "Live bytes of the old and the new run", height: HEIGHT,
    summary: `The old run held ${bytes(before)} at its peak, the new one ${bytes(peak)}.`,
    option: (theme) => option(runs, theme),
    cursor: {
      columns: STEPS, rows: 1, text: (step) => `At ${time(seconds(step))}: ${text(step)}.`,
      place: (step) => ({ x: seconds(step), y: liveAt(runs[1].timeline, seconds(step)) ?? 0 }),
    },
    table: { name: "timelines", ...columns(runs) },
  };
}
