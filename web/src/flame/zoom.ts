// SPDX-License-Identifier: MIT
// Which box fills the graph: State.zoom, a number, and the calls that lead there.
import type { Data } from "../data/schema";
import type { State } from "../state";
import { pathTo } from "./paths";

/** One call on the way to the box that fills the graph. */
export interface Step {
  function: number;
  stack: number;
  key: number; // State.zoom of the graph that it fills
}

/** An inverted graph has boxes for parts of stacks: they go by a stack, and by how many of its inner
 * calls lead to the box. */
const depthLimit = 4096;

export function invertedKey(stack: number, depth: number): number {
  return stack * depthLimit + depth;
}

/** The stack that the box which fills the graph goes by; 0: all. */
export function stackOf({ zoom, inverted }: Pick<State, "zoom" | "inverted">): number {
  return inverted ? Math.floor(zoom / depthLimit) : zoom;
}

/** State.zoom of the same box, where its stack has another number. */
export function withStack({ zoom, inverted }: Pick<State, "zoom" | "inverted">, stack: number): number {
  return inverted && stack > 0 ? invertedKey(stack, zoom % depthLimit) : stack;
}

/** The calls up to the box that fills the graph, in the order of the graph; none for all. A number that
 * is no box of this data is all, too. */
export function stepsTo(data: Data, state: Pick<State, "zoom" | "inverted" | "recursion">): Step[] {
  const { zoom, inverted, recursion } = state;
  const stack = stackOf(state);
  if (!Number.isInteger(zoom) || stack <= 0 || stack >= data.stacks.parent.length) return [];
  const path = pathTo(data, stack, recursion);
  const calls = Array.from(path.stack, (number, i) => ({ function: path.function[i], stack: number }));
  if (!inverted) return calls.map((call) => ({ ...call, key: call.stack }));
  return calls.reverse().slice(0, zoom % depthLimit)
    .map((call, i) => ({ ...call, key: invertedKey(stack, i + 1) }));
}
