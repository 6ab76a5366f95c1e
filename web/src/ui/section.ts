// SPDX-License-Identifier: MIT
// A view's place on the page: heading, question, and the view, which is made when it is first seen.
import { el } from "./dom";
import type { Context, Instance, View } from "./view";

export class Section {
  readonly view: View;
  readonly element: HTMLElement;
  private readonly heading: HTMLElement;
  private readonly body = el("div", { class: "view" });
  private instance: Instance | null = null;
  private seen: Context | null = null;

  constructor(view: View) {
    this.view = view;
    this.heading = el("h2", { tabindex: "-1", id: `${view.id}-title` }, view.title);
    this.element = el("section", { id: view.id, "aria-labelledby": `${view.id}-title` },
      this.heading, el("p", { class: "question" }, view.question), this.body);
  }

  /** Bring up to date, if it is not. */
  update(context: Context): void {
    if (this.seen === context) return;
    this.seen = context;
    this.element.dataset.seen = "";
    const reason = this.view.absent(context.model);
    if (reason !== null) this.leaveOut(reason);
    else this.guarded(() => this.draw(context));
  }

  resize(): void {
    this.guarded(() => this.instance?.resize?.());
  }

  scrollTo(): void {
    this.element.scrollIntoView({ block: "start", behavior: "instant" });
  }

  focus(): void {
    this.heading.focus({ preventScroll: true });
  }

  private draw(context: Context): void {
    if (this.instance) return this.instance.update(context);
    this.body.replaceChildren();
    this.instance = this.view.create(this.body, context);
  }

  private leaveOut(reason: string): void {
    this.instance = null;
    this.body.replaceChildren(el("p", { class: "absent" }, reason));
  }

  /** One view that fails leaves the others as they are. */
  private guarded(work: () => void): void {
    try {
      work();
    } catch (problem) {
      console.error(problem);
      this.instance = null;
      this.body.replaceChildren(el("p", { class: "absent", role: "alert" },
        `This view could not be drawn: ${String(problem)}`));
    }
  }
}
