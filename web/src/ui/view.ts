// SPDX-License-Identifier: MIT
// What a view is, and what it is given.
import type { Model } from "../data/model";
import type { State } from "../state";

/** Where a view draws, what it draws, and how it asks for something else. */
export interface Context {
  model: Model;
  /** What is selected now. A view changes it by `change` alone, and is then updated like all others. */
  state: Readonly<State>;
  change(part: Partial<State>): void;
}

/** One part of the page with a heading of its own. It is made once, when it is first seen. */
export interface View {
  /** In the URL, and as the id of its element: "timeline". */
  readonly id: string;
  readonly title: string;
  /** One line under the heading: what question it answers. */
  readonly question: string;
  /** Whether there is anything to show of this program; and if not, why, in a sentence. */
  absent(model: Model): string | null;
  /** Fill the element. */
  create(element: HTMLElement, context: Context): Instance;
}

/** A view on the page. */
export interface Instance {
  /** Model or state are others now. Within a frame's time. */
  update(context: Context): void;
  /** The element has another size. */
  resize?(): void;
}
