// SPDX-License-Identifier: MIT
// View 2: what was live when, what the system gave for it, and how fast it came and went.
import { Brush } from "../charts/brush";
import { Figure } from "../charts/figure";
import { MARGINS, timelineOption } from "../charts/timeline";
import type { Cursor, Picture, Table } from "../charts/picture";
import { firstAbove, sliceAt, toggleSlice } from "../charts/slices";
import { marginsOf } from "../charts/stack_over_time";
import { layersOf } from "../charts/stack_over_time_layers";
import type { Layers } from "../charts/stack_over_time_layers";
import { layerItems } from "../charts/stack_over_time_list";
import { stackPicture } from "../charts/stack_over_time_picture";
import { selectedSlices } from "../data/model";
import type { Data, Timeline } from "../data/schema";
import { bytes, count, rate, time } from "../format";
import type { State } from "../state";
import { button, el } from "../ui/dom";
import type { Context, Instance, View } from "../ui/view";

const HEIGHT = 420;
/** The keys go through so many parts at most. */
const STEPS = 200;

/** Rows of the timeline: the first, and the one after the last. */
type Rows = readonly [number, number];

function most(values: readonly (number | null)[], [first, end]: Rows): number | null {
  let highest: number | null = null;
  for (let row = first; row < end; row++) {
    const value = values[row];
    if (value != null && (highest === null || value > highest)) highest = value;
  }
  return highest;
}

function rowOfMost(values: readonly number[], [first, end]: Rows): number {
  let best = first;
  for (let row = first; row < end; row++) if (values[row] > values[best]) best = row;
  return best;
}

/** Intervals that end within the selected time. */
function selectedRows({ data }: { data: Data }, seconds: readonly [number, number] | null): Rows {
  const { t } = data.timeline;
  if (!seconds) return [0, t.length];
  const first = firstAbove(t, seconds[0]);
  return [first, Math.max(first + 1, firstAbove(t, seconds[1]))];
}

function rssSentence(timeline: Timeline, rows: Rows): string {
  const rss = most(timeline.rss_bytes, rows);
  return rss === null ? "Resident memory was not measured." : `Resident memory was at most ${bytes(rss)}.`;
}

function rateSentence(timeline: Timeline, rows: Rows): string {
  const allocs = most(timeline.alloc_rate, rows);
  return allocs === null
    ? ""
    : `At most ${rate(allocs)} allocations, ${rate(most(timeline.free_rate, rows))} frees.`;
}

function peakSentence({ report, timeline }: Data): string {
  if (report.peak_allocated === null) return "What is live is not recorded in count mode.";
  if (report.peak_time === null) return "Nothing was live at any time.";
  const estimate = report.estimated ? ", an estimate" : "";
  return (
    `The peak is ${bytes(report.peak_allocated)} at ${time(report.peak_time)}${estimate}; ` +
    `${bytes(report.current_allocated)} were live at the end, ${time(timeline.t[timeline.t.length - 1])}.`
  );
}

function rangeSentence({ timeline }: Data, rows: Rows, seconds: readonly [number, number]): string {
  return (
    `From ${time(seconds[0])} to ${time(seconds[1])} at most ` +
    `${bytes(most(timeline.allocated_max_bytes, rows))} were live, ` +
    `${bytes(timeline.allocated_bytes[rows[1] - 1])} at its end.`
  );
}

function summary(data: Data, rows: Rows, seconds: readonly [number, number] | null): string {
  return [
    seconds ? rangeSentence(data, rows, seconds) : peakSentence(data),
    rssSentence(data.timeline, rows),
    rateSentence(data.timeline, rows),
  ].join(" ");
}

function table(timeline: Timeline, [first, end]: Rows): Table {
  const column = (
    title: string,
    values: readonly (number | null)[],
    text: (value: number | null) => string,
  ) => ({
    title,
    value: (row: number) => values[first + row] ?? null,
    text: (row: number) => text(values[first + row] ?? null),
  });
  return {
    name: "timeline",
    length: end - first,
    columns: [
      column("until (s)", timeline.t, time),
      column("live at the end (bytes)", timeline.allocated_bytes, bytes),
      column("most live (bytes)", timeline.allocated_max_bytes, bytes),
      column("resident (bytes)", timeline.rss_bytes, bytes),
      column("allocations per second", timeline.alloc_rate, rate),
      column("frees per second", timeline.free_rate, rate),
    ],
  };
}

/** Each step is a part of the intervals and stands at where most was live. */
function cursor({ data }: { data: Data }, context: Context): Cursor {
  const { timeline, slices } = data;
  const stride = Math.max(1, Math.ceil(timeline.t.length / STEPS));
  const rows = (step: number): Rows => [step * stride, Math.min((step + 1) * stride, timeline.t.length)];
  const peak = (step: number) => rowOfMost(timeline.allocated_max_bytes, rows(step));
  return {
    columns: Math.ceil(timeline.t.length / stride),
    rows: 1,
    text: (step) => {
      const row = peak(step);
      const rss = most(timeline.rss_bytes, rows(step));
      return (
        `At ${time(timeline.t[row])}: ${bytes(timeline.allocated_max_bytes[row])} live, ` +
        `resident ${bytes(rss)}, ${rate(timeline.alloc_rate[row])} allocations.`
      );
    },
    place: (step) => ({ x: timeline.t[peak(step)], y: timeline.allocated_max_bytes[peak(step)] }),
    choose: (step) => {
      if (slices) context.change(toggleSlice(context.state, sliceAt(slices.edges, timeline.t[peak(step)])));
    },
  };
}

function wholePicture(context: Context): Picture {
  const { data } = context.model;
  const seconds = selectedSlices(data, context.state) ? context.model.selection(context.state).seconds : null;
  const rows = selectedRows(context.model, seconds);
  return {
    label:
      `Live bytes and resident memory over ${time(data.report.duration_seconds)}, in ` +
      `${count(data.timeline.t.length)} intervals`,
    summary: summary(data, rows, seconds),
    height: HEIGHT,
    option: (theme, width) => timelineOption(data, theme, width),
    cursor: cursor(context.model, context),
    table: table(data.timeline, rows),
  };
}

/** How live bytes are told apart; without slices it is not known. */
const byOf = ({ model, state }: Context): State["by"] => (model.data.slices ? state.by : "all");

/** What is shown, where its axes are, and what the drawing depends on. */
interface Shown {
  readonly picture: Picture;
  readonly layers: Layers | null;
  readonly of: readonly unknown[];
}

function shownOf(context: Context): Shown {
  const { model, state } = context;
  const by = byOf(context);
  if (by === "all") return { picture: wholePicture(context), layers: null, of: [model.data, by] };
  const layers = layersOf(model, state, by);
  return { picture: stackPicture(layers, by, context), layers,
    of: [model.data, by, state.search, state.from, state.to] };
}

const CHOICES: readonly (readonly [State["by"], string])[] = [
  ["all", "All"],
  ["site", "By site"],
  ["function", "By function"],
];

/** Zooming by other means than the wheel. */
function zoomButtons(figure: Figure, seconds: () => readonly [number, number]): HTMLElement[] {
  return [
    button("Zoom to the range", () => figure.canvas.zoom(...seconds())),
    button("Zoom out", () => figure.canvas.zoom()),
  ];
}

class TimelineView implements Instance {
  private shown!: Shown;
  private readonly margins = { ...MARGINS };
  private readonly figure: Figure;
  private readonly brush: Brush;
  private readonly choices = CHOICES.map(([by, title]) => ({
    by,
    button: button(title, () => this.context.change({ by }), { "data-by": by }),
  }));
  private readonly choice = el(
    "div",
    { class: "chart-choice", role: "group", "aria-label": "What live bytes are told apart by" },
    ...this.choices.map(({ button }) => button),
  );
  private readonly hint = el(
    "p",
    { class: "chart-hint" },
    "Drag to select a range of time: all views then show that range. The wheel zooms.",
  );
  private readonly list = el("ol", { class: "flame-legend", "aria-label": "Those that hold the most" });

  constructor(
    element: HTMLElement,
    private context: Context,
  ) {
    this.figure = new Figure(element, () => this.place());
    this.brush = new Brush(this.figure.stage, this.figure.canvas, this.margins, (from, to) =>
      this.context.change({ from, to }),
    );
    this.brush.controls.append(
      button("Whole run", () => this.context.change({ from: null, to: null })),
      ...zoomButtons(this.figure, () => this.context.model.selection(this.context.state).seconds),
    );
    this.figure.stage.before(this.choice);
    this.figure.stage.after(this.brush.controls, this.hint, this.list);
    this.update(context);
  }

  update(context: Context): void {
    this.context = context;
    this.shown = shownOf(context);
    const { data } = context.model;
    this.showChoice();
    this.hint.hidden = data.slices === null;
    this.figure.show(this.shown.picture, ...this.shown.of);
    this.brush.show(data.slices?.edges ?? [], selectedSlices(data, context.state));
    this.place();
  }

  private showChoice(): void {
    const { context, shown } = this;
    const by = byOf(context);
    this.choice.hidden = context.model.data.slices === null;
    for (const choice of this.choices) choice.button.setAttribute("aria-pressed", String(choice.by === by));
    this.list.hidden = by === "all";
    this.list.replaceChildren(...(by !== "all" && shown.layers ? layerItems(shown.layers, by, context) : []));
  }

  /** The shade lies where the axes are, which the legend's height moves. */
  private place(): void {
    const { layers } = this.shown;
    const width = this.figure.stage.clientWidth;
    Object.assign(this.margins, layers ? marginsOf(width, layers.shown.length) : MARGINS);
    this.brush.place();
  }
}

export default {
  id: "timeline",
  title: "Memory over time",
  question: "When was how much live, whose was it, and when was the peak?",
  absent: ({ data }) =>
    data.timeline.t.length > 0
      ? null
      : data.report.mode === "count"
        ? "In count mode nothing is recorded over time. --mode sample or --mode full does that."
        : "Nothing was recorded over time: the program allocated nothing.",
  create: (element, context) => new TimelineView(element, context),
} satisfies View;
