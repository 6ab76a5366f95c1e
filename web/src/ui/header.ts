// SPDX-License-Identifier: MIT
// What stays on top: which program, the search, the range, and the way to the views.
import { selectedSlices } from "../data/model";
import type { Selection } from "../data/model";
import { summary } from "../data/verdict";
import { bytes, count, counted, time } from "../format";
import { writeState } from "../state";
import { button, el } from "./dom";
import { commandLine } from "./names";
import { themeSwitch } from "./theme";
import type { Context, View } from "./view";

export class Header {
  readonly element: HTMLElement;
  readonly nav: HTMLElement;
  private readonly program = el("h1");
  private readonly verdict = el("p", { class: "verdict" });
  private readonly live = el("p", { class: "live", role: "status", hidden: true });
  private readonly search = el("input", { type: "search", spellcheck: "false", autocomplete: "off",
    title: "Only sites that have this in a function, file or module on their stack" });
  private readonly found = el("output", { class: "found", "aria-live": "polite" });
  private readonly range = el("p", { class: "range", "data-range": "", role: "status", hidden: true });
  private readonly links: readonly { view: View; link: HTMLAnchorElement }[];
  private context: Context | null = null;

  constructor(views: readonly View[], go: (view: string) => void) {
    this.links = views.map((view) => ({ view, link: linkTo(view, go) }));
    const items = this.links.map(({ link }) => el("li", {}, link));
    this.nav = el("nav", { "aria-label": "Views" }, el("ul", {}, ...items));
    this.search.addEventListener("input", () => this.context?.change({ search: this.search.value }));
    this.element = el("header", { class: "top" },
      el("div", { class: "program" }, this.program, this.verdict),
      el("div", { class: "tools" }, this.live, this.found, el("label", {}, "Search ", this.search),
        themeSwitch()), this.range);
  }

  update(context: Context): void {
    this.context = context;
    const { model, state } = context;
    this.program.textContent = commandLine(model.data.report);
    this.verdict.textContent = summary(model.data);
    this.showSearch(context);
    this.showRange(context);
    for (const { view, link } of this.links) {
      link.href = writeState({ ...state, view: view.id });
      link.toggleAttribute("data-absent", view.absent(model) !== null);
      if (view.id === state.view) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    document.title = `${this.program.textContent} \u2013 ccmem`;
  }

  /** On a phone the list scrolls sideways. */
  revealLink(view: string): void {
    const link = this.links.find((item) => item.view.id === view)?.link;
    if (link) this.nav.scrollLeft = link.offsetLeft - this.nav.clientWidth / 2;
  }

  focusSearch(): void {
    this.search.focus();
  }

  showLive(state: "on" | "trying", words: string): void {
    document.documentElement.dataset.live = state;
    this.live.hidden = false;
    this.live.textContent = words;
  }

  private showSearch({ model, state }: Context): void {
    if (this.search.value !== state.search) this.search.value = state.search;
    const matching = state.search === "" ? null : model.matching(state.search);
    this.found.textContent = matching
      ? `${count(matching.reduce((sum, one) => sum + one, 0))} of ${count(matching.length)} sites` : "";
  }

  private showRange({ model, state, change }: Context): void {
    this.range.hidden = selectedSlices(model.data, state) === null;
    if (this.range.hidden) return this.range.replaceChildren();
    const { seconds: [from, to], unnamed } = model.selection(state);
    const text = `Only from ${time(from)} to ${time(to)}. ${unnamedWords(unnamed)}`;
    const all = button("Show all", () => change({ from: null, to: null }));
    if (this.range.firstChild?.textContent !== text) this.range.replaceChildren(text, all);
  }
}

/** Of very many sites a range tells apart those that matter most. */
function unnamedWords({ count: blocks, bytes: size }: Selection["unnamed"]): string {
  if (blocks === 0) return "";
  const all = `${bytes(size)} in ${counted(Math.round(blocks), "block")}`;
  return `${all} of it are of smaller sites, which are not told apart. `;
}

/** With a key held down it is a link as any other. */
function linkTo(view: View, go: (view: string) => void): HTMLAnchorElement {
  return el("a", { href: `#view=${view.id}`, onclick: (event) => {
    const { ctrlKey, metaKey, shiftKey } = event as MouseEvent;
    if (ctrlKey || metaKey || shiftKey) return;
    event.preventDefault();
    go(view.id);
  } }, view.title);
}
