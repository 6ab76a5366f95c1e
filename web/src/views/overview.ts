// SPDX-License-Identifier: MIT
// The first view: the verdict in words, the figures, and which sites to look at.
import { allocatorWords, caveats, verdict } from "../data/verdict";
import type { Model } from "../data/model";
import { bytes, count, counted, share, unbroken } from "../format";
import { el } from "../ui/dom";
import { figures } from "../ui/figures";
import { topSites } from "../ui/top";
import type { Ranking } from "../ui/top";
import type { Context, Instance, View } from "../ui/view";

const WHOLE_RUN: readonly Ranking[] = [
  { title: "What the peak is made of", weight: "bytes_at_peak", whole: "peak_allocated", format: bytes,
    none: "Nothing was live at the peak." },
  { title: "What was not freed", weight: "leaked_bytes", whole: "leaked_bytes", format: bytes,
    none: "Everything was freed." },
  { title: "Where most blocks are allocated", weight: "alloc_count", whole: "alloc_count", format: count,
    none: "Nothing was allocated." },
];

const RANGE: readonly Ranking[] = [
  { title: "What lives at its end", weight: "live_bytes", format: bytes, none: "Nothing lives at its end." },
  { title: "What was allocated in it and kept", weight: "leaked_bytes", format: bytes,
    none: "All that was allocated in it was freed in it." },
  { title: "Where most blocks are allocated in it", weight: "alloc_count", format: count,
    none: "Nothing was allocated in it." },
];

function inWords(model: Model): HTMLElement {
  const doubts = caveats(model.data).map((words) => el("li", {}, words));
  return el("div", { class: "verdict-words" }, el("p", {}, unbroken(verdict(model.data).join(" "))),
    el("p", { class: "allocator" }, allocatorWords(model.data.report)),
    doubts.length > 0 ? el("ul", { class: "caveats" }, ...doubts) : "");
}

const total = (column: Float64Array): number => column.reduce((sum, value) => sum + value, 0);

/** What happened in the selected range, in words. */
function rangeWords({ model, state }: Context): string {
  const { count: blocks, bytes: size, live, kept } = model.selection(state);
  const allocated = `${counted(total(blocks), "block")} of ${bytes(total(size))}`;
  return `In the selected range ${allocated} were allocated; ` +
    `${bytes(total(kept))} of that, ${share(total(kept), total(size))}, and ${bytes(total(live))} in all ` +
    "were live at its end.";
}

class Overview implements Instance {
  private readonly top = el("div");
  private readonly lists = el("div", { class: "cards" });
  private shown: Model | null = null;

  constructor(element: HTMLElement, context: Context) {
    element.append(this.top, this.lists);
    this.update(context);
  }

  update(context: Context): void {
    const { model, state } = context;
    if (this.shown !== model) this.top.replaceChildren(inWords(model), figures(model.data));
    this.shown = model;
    if (model.data.report.mode === "count") return this.lists.replaceChildren();
    const { ranged } = model.selection(state);
    const words = ranged ? [el("p", { class: "range-words" }, unbroken(rangeWords(context)))] : [];
    const lists = (ranged ? RANGE : WHOLE_RUN).map((list) => topSites(list, context));
    this.lists.replaceChildren(...words, ...lists);
  }
}

export default {
  id: "overview",
  title: "Overview",
  question: "What is the peak made of, what leaks, what is hot?",
  absent: () => null,
  create: (element, context) => new Overview(element, context),
} satisfies View;
