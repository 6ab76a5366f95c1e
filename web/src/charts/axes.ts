// SPDX-License-Identifier: MIT
// What all charts with axes have in common.
import { bytes, shortCount, time } from "../format";
import type { Theme } from "./theme";

/** Below this width a chart saves room. */
export const NARROW = 560;

/** "2 MiB" for "2.00 MiB": the numbers of an axis are round. */
export function brief(text: string): string {
  return text.replace(/(\.\d*?)0+(?= |$)/, "$1").replace(/\.(?= |$)/, "");
}

/** Lines and letters of an axis. */
export function axisLook(theme: Theme) {
  return {
    axisLine: { lineStyle: { color: theme.line } },
    axisTick: { lineStyle: { color: theme.line } },
    axisLabel: { color: theme.muted, fontSize: 12, hideOverlap: true },
    splitLine: { lineStyle: { color: theme.line, opacity: 0.6 } },
    nameTextStyle: { color: theme.muted, fontSize: 12 },
  };
}

export function tooltipLook(theme: Theme) {
  return {
    confine: true,
    transitionDuration: 0,
    backgroundColor: theme.surface,
    borderColor: theme.line,
    textStyle: { color: theme.text, fontSize: 13 },
    extraCssText: "",
  };
}

export function legendLook(theme: Theme) {
  return {
    top: 0,
    left: 0,
    itemWidth: 24,
    textStyle: { color: theme.text, fontSize: 12 },
    inactiveColor: theme.muted,
  };
}

export function timeAxis(theme: Theme, first: number, last: number) {
  const look = axisLook(theme);
  return {
    type: "value" as const,
    min: first,
    max: last,
    ...look,
    splitLine: { show: false },
    axisLabel: {
      ...look.axisLabel,
      showMaxLabel: false,
      formatter: (value: number) => brief(time(value)),
    },
  };
}

/** Zooming by the wheel, or two fingers. One finger selects, or scrolls the page, which the default of
 * a move would prevent. */
export function wheelZoom(xAxisIndex: number[]) {
  return { type: "inside" as const, xAxisIndex, moveOnMouseMove: false, preventDefaultMouseMove: false };
}

/** Its lines are at powers of two: round numbers of bytes are none of MiB. */
export function bytesAxis(theme: Theme, most: number) {
  const look = axisLook(theme);
  const interval = byteStep(most);
  return {
    type: "value" as const,
    min: 0,
    max: Math.ceil((most * 1.08) / interval) * interval,
    interval,
    ...look,
    axisLabel: { ...look.axisLabel, formatter: (value: number) => brief(bytes(value)) },
  };
}

export function countAxis(theme: Theme) {
  const look = axisLook(theme);
  return {
    type: "value" as const,
    min: 0,
    minInterval: 1,
    splitNumber: 3,
    ...look,
    axisLabel: { ...look.axisLabel, formatter: (value: number) => brief(shortCount(value)) },
  };
}

/** A power of two of which two to four fit: it has few digits in its unit. */
export function byteStep(most: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(most, 4) / 4));
}
