// SPDX-License-Identifier: MIT
// An ECharts instance in an element that comes and goes and changes its size.
//
// An element that is not shown has no width, and ECharts cannot draw in it: what is to be drawn then waits
// until it has one. Nothing is animated: a page of figures has no need, and a reader may not want it.
import { captionedPng, captionedSvg } from "./caption";
import { init } from "./echarts";
import type { ECharts, Option } from "./echarts";
import type { Place } from "./picture";
import type { Theme } from "./theme";
import { currentTheme, onThemeChange } from "./theme";

export type Draw = (theme: Theme, width: number) => Option;

/** In percent, or in values of the axis. */
interface Zoom {
  start?: number;
  end?: number;
  startValue?: number;
  endValue?: number;
}
interface ZoomEvent extends Zoom {
  batch?: Zoom[];
}

const STILL: Option = { animation: false };

export class Canvas {
  private chart: ECharts | null = null;
  private draw: Draw | null = null;
  private stale = false;
  /** Kept when the data are new. */
  private zoomed: Zoom | null = null;

  /** `drawn` is called when the picture is another one: also when it was zoomed. */
  constructor(
    readonly element: HTMLElement,
    private readonly drawn: () => void = () => {},
  ) {
    new ResizeObserver(() => this.fit()).observe(element);
    onThemeChange(() => this.show(this.draw));
  }

  show(draw: Draw | null): void {
    this.draw = draw;
    this.stale = draw !== null;
    this.paint();
  }

  /** A file's worth of the picture in SVG, with its title. */
  svg(title: string): string {
    const { clientWidth: width, clientHeight: height } = this.element;
    const copy = init(null, null, { renderer: "svg", ssr: true, width, height });
    copy.setOption(this.option());
    const source = copy.renderToSVGString();
    copy.dispose();
    return captionedSvg(title, currentTheme(), width, height, source);
  }

  /** The same in PNG. */
  png(title: string, done: (file: Blob) => void): void {
    const { clientWidth: width, clientHeight: height } = this.element;
    const drawing = this.chart?.renderToCanvas({ pixelRatio: 2 });
    if (!drawing) return;
    const draw = (context: CanvasRenderingContext2D) => context.drawImage(drawing, 0, 0, width, height);
    captionedPng(title, currentTheme(), width, height, draw, done);
  }

  /** Where a point is, in the element; null if it is none of the axes. */
  pixelOf(place: Place): [number, number] | null {
    if ("item" in place) return null;
    const finder = { gridIndex: place.grid ?? 0 };
    const pixel = this.chart?.convertToPixel(finder, [place.x, place.y]) as number[] | undefined;
    return pixel?.every(Number.isFinite) ? [pixel[0], pixel[1]] : null;
  }

  /** Bring out an item of the first series; null none. */
  highlight(place: Place | null): void {
    this.chart?.dispatchAction({ type: "downplay", seriesIndex: 0 });
    if (!place || !("item" in place)) return;
    this.chart?.dispatchAction({
      type: "highlight",
      seriesIndex: 0,
      dataIndex: place.item,
      dataType: place.edge ? "edge" : undefined,
    });
  }

  /** Where a value of the first axis along the bottom is, in the element. */
  xOf(value: number): number {
    return Number(this.chart?.convertToPixel({ xAxisIndex: 0 }, value) ?? NaN);
  }

  /** And back. */
  valueAt(x: number): number {
    return Number(this.chart?.convertFromPixel({ xAxisIndex: 0 }, x) ?? NaN);
  }

  /** The cell below a pixel, of axes of categories; null outside of them. */
  cellAt(x: number, y: number): [number, number] | null {
    const grid = { gridIndex: 0 };
    if (!this.chart?.containPixel(grid, [x, y])) return null;
    const cell = this.chart.convertFromPixel(grid, [x, y]) as number[];
    return [cell[0], cell[1]];
  }

  /** Show but these values of the axes along the bottom; without any, all. */
  zoom(from?: number, to?: number): void {
    const all = from === undefined;
    this.chart?.dispatchAction(
      all ? { type: "dataZoom", start: 0, end: 100 } : { type: "dataZoom", startValue: from, endValue: to },
    );
  }

  private option(): Option {
    return { ...STILL, ...this.draw?.(currentTheme(), this.element.clientWidth) };
  }

  private paint(): void {
    if (!this.stale || this.element.clientWidth === 0) return;
    this.chart ??= this.create();
    this.chart.resize();
    this.chart.setOption(this.option(), { notMerge: true });
    this.stale = false;
    if (this.zoomed) this.chart.dispatchAction({ type: "dataZoom", ...this.zoomed });
  }

  private create(): ECharts {
    const chart = init(this.element, null, { renderer: "canvas" });
    chart.on("rendered", this.drawn);
    chart.on("datazoom", (event) => {
      const { start, end, startValue, endValue, batch } = event as ZoomEvent;
      this.zoomed = batch ? batch[0] : { start, end, startValue, endValue };
    });
    return chart;
  }

  /** Some options depend on the width, so a new size is a new drawing. */
  private fit(): void {
    const { clientWidth: width, clientHeight: height } = this.element;
    const same = this.chart?.getWidth() === width && this.chart.getHeight() === height;
    if (width > 0 && (this.stale || !same)) this.show(this.draw);
  }
}
