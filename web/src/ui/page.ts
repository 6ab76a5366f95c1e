// SPDX-License-Identifier: MIT
// The page: model and state, and the views that are told of them. On a wide window one view is in
// front; on a narrow one they stand below each other, and the list of views follows what is read.
// Only what is in sight is kept up to date: a view that comes into sight is drawn then.
import { carried } from "../carry";
import type { Model } from "../data/model";
import { readState, writeState } from "../state";
import type { State } from "../state";
import { el } from "./dom";
import { keepingFocus } from "./focus";
import { Header } from "./header";
import { Section } from "./section";
import type { Context, View } from "./view";

/** Browsers allow a few addresses a second. */
const ADDRESS_MS = 300;

/** What an address asks for that was gone to. By the time this is told the page may have written another
 * one, of a change before. */
function asked(event: HashChangeEvent): State {
  return readState(new URL(event.newURL).hash);
}

export class Page {
  readonly header: Header;
  private readonly main: HTMLElement;
  private readonly sections: readonly Section[];
  private readonly inSight = new Set<Section>();
  private readonly narrow = matchMedia("(max-width: 799px)");
  private context: Context;
  private addressTimer: number | undefined;
  private addressIsOld = false;
  /** The front view stays where it is while those around it are drawn and grow. */
  private pinned = false;

  constructor(root: HTMLElement, views: readonly View[], model: Model) {
    this.sections = views.map((view) => new Section(view));
    this.header = new Header(views, (view) => this.change({ view }));
    this.context = this.contextOf(model, this.known(readState(location.hash)));
    this.main = el("main", { id: "views" }, ...this.sections.map((section) => section.element));
    root.replaceChildren(this.skipLink(), this.header.element,
      el("div", { class: "columns" }, this.header.nav, this.main));
    this.listen();
    this.refresh();
    if (this.narrow.matches && location.hash !== "") this.bringForward();
  }

  /** New data, the same selection. */
  show(model: Model): void {
    const { model: before, state } = this.context;
    const now = carried(state, before.data, model.data);
    this.context = this.contextOf(model, now);
    if (writeState(now) !== writeState(state)) this.keepAddress();
    this.refresh();
  }

  change(part: Partial<State>): void {
    const before = this.context.state;
    const state = this.known({ ...before, ...part });
    this.context = this.contextOf(this.context.model, state);
    this.keepAddress();
    this.refresh();
    if (part.view !== undefined) this.bringForward();
  }

  private skipLink(): HTMLElement {
    return el("a", { class: "skip", href: "#views", onclick: (event) => {
      event.preventDefault();
      this.front().focus();
    } }, "Skip to the view");
  }

  private contextOf(model: Model, state: State): Context {
    return { model, state, change: (part) => this.change(part) };
  }

  /** A view that this page does not have is the first one. */
  private known(state: State): State {
    const known = this.sections.some(({ view }) => view.id === state.view);
    return known ? state : { ...state, view: this.sections[0].view.id };
  }

  private front(): Section {
    return this.sections.find(({ view }) => view.id === this.context.state.view) ?? this.sections[0];
  }

  private refresh(): void {
    const front = this.front();
    for (const section of this.sections) section.element.classList.toggle("front", section === front);
    this.header.update(this.context);
    keepingFocus(this.main, () => {
      front.update(this.context);
      if (this.narrow.matches) for (const section of this.inSight) section.update(this.context);
    });
  }

  /** Whoever was in a view that is now hidden goes on at the heading of the new one. */
  private bringForward(): void {
    const front = this.front();
    const focused = document.activeElement;
    this.pinned = this.narrow.matches;
    front.scrollTo();
    this.header.revealLink(front.view.id);
    if (focused?.closest("section") && !front.element.contains(focused)) front.focus();
  }

  /** At once, and while much changes, again when it has. */
  private keepAddress(): void {
    if (this.addressTimer !== undefined) {
      this.addressIsOld = true;
      return;
    }
    history.replaceState(null, "", writeState(this.context.state));
    this.addressIsOld = false;
    this.addressTimer = setTimeout(() => {
      this.addressTimer = undefined;
      if (this.addressIsOld) this.keepAddress();
    }, ADDRESS_MS);
  }

  private listen(): void {
    addEventListener("hashchange", (event) => this.change(asked(event)));
    addEventListener("resize", () => this.resize());
    addEventListener("beforeprint", () => this.drawAll());
    addEventListener("keydown", (event) => this.key(event));
    for (const own of ["wheel", "touchmove", "pointerdown", "keydown"]) {
      addEventListener(own, () => (this.pinned = false), { passive: true });
    }
    new ResizeObserver(() => this.pinned && this.front().scrollTo()).observe(this.main);
    const sight = new IntersectionObserver((entries) => this.sighted(entries), { rootMargin: "200px" });
    const reading = new IntersectionObserver((entries) => this.read(entries),
      { rootMargin: "-35% 0px -64% 0px" });
    for (const { element } of this.sections) {
      sight.observe(element);
      reading.observe(element);
    }
  }

  private sectionOf(element: Element): Section | undefined {
    return this.sections.find((section) => section.element === element);
  }

  private sighted(entries: readonly IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of entries) {
      const section = this.sectionOf(target);
      if (!section) continue;
      if (isIntersecting) this.inSight.add(section);
      else this.inSight.delete(section);
      if (isIntersecting) section.update(this.context);
    }
  }

  /** What stands a third down the narrow page is what is read. */
  private read(entries: readonly IntersectionObserverEntry[]): void {
    const section = this.sectionOf(entries.find((entry) => entry.isIntersecting)?.target ?? document.body);
    if (!section || !this.narrow.matches || this.pinned || section === this.front()) return;
    this.context = this.contextOf(this.context.model, { ...this.context.state, view: section.view.id });
    this.keepAddress();
    this.refresh();
    this.header.revealLink(section.view.id);
  }

  private resize(): void {
    for (const section of this.sections) {
      if (section.element.offsetParent) section.resize();
    }
  }

  private drawAll(): void {
    for (const section of this.sections) section.update(this.context);
  }

  /** "/" goes to the search, as in many programs. */
  private key(event: KeyboardEvent): void {
    const typing = event.target instanceof HTMLElement && event.target.matches("input, textarea, select");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.header.focusSearch();
  }
}
