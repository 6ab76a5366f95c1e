// SPDX-License-Identifier: MIT
// The parts of ECharts that the page uses, and no more of it. What is not named here is not in the page.
import { CustomChart, GaugeChart, LineChart, SankeyChart } from "echarts/charts";
import type {
  CustomSeriesOption,
  GaugeSeriesOption,
  LineSeriesOption,
  SankeySeriesOption,
} from "echarts/charts";
import {
  DataZoomInsideComponent,
  DatasetComponent,
  GridComponent,
  LegendComponent,
  MarkPointComponent,
  TooltipComponent,
  VisualMapContinuousComponent,
} from "echarts/components";
import type {
  DataZoomComponentOption,
  DatasetComponentOption,
  GridComponentOption,
  LegendComponentOption,
  TooltipComponentOption,
  VisualMapComponentOption,
} from "echarts/components";
import * as echarts from "echarts/core";
import type { ComposeOption, ECharts } from "echarts/core";
import { CanvasRenderer, SVGRenderer } from "echarts/renderers";

echarts.use([
  CustomChart,
  GaugeChart,
  LineChart,
  SankeyChart,
  DataZoomInsideComponent,
  DatasetComponent,
  GridComponent,
  LegendComponent,
  MarkPointComponent,
  TooltipComponent,
  VisualMapContinuousComponent,
  CanvasRenderer,
  SVGRenderer,
]);

export type Option = ComposeOption<
  | CustomSeriesOption
  | GaugeSeriesOption
  | LineSeriesOption
  | SankeySeriesOption
  | DataZoomComponentOption
  | DatasetComponentOption
  | GridComponentOption
  | LegendComponentOption
  | TooltipComponentOption
  | VisualMapComponentOption
>;
export type Series = Exclude<Option["series"], unknown[] | undefined>;

export type { CustomSeriesOption, ECharts };
export const { init } = echarts;
