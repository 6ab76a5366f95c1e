// SPDX-License-Identifier: MIT
// What is selected, in newer data of the same program: the slices of a run that goes on become longer, and
// its stacks get other numbers.
import { sliceAt } from "./charts/slices";
import { selectedSlices } from "./data/model";
import type { Data } from "./data/schema";
import { stackOf, withStack } from "./flame/zoom";
import type { State } from "./state";

type Range = Pick<State, "from" | "to">;

/** The slices that hold the same time. */
function sameTime(state: Readonly<State>, before: Data, now: Data): Range {
  const selected = selectedSlices(before, state);
  if (!selected || !now.slices) return { from: state.from, to: state.to };
  const { edges } = now.slices;
  const [start, end] = [before.slices!.edges[selected[0]], before.slices!.edges[selected[1] + 1]];
  const from = sliceAt(edges, start);
  const last = sliceAt(edges, end);
  return { from, to: edges[last] >= end && last > from ? last - 1 : last };
}

function frameText({ frames, strings }: Data, frame: number): string {
  return [strings[frames.function[frame]], strings[frames.file[frame]], frames.line[frame],
    strings[frames.module[frame]], frames.offset?.[frame], frames.inlined[frame]].join("\0");
}

/** Frames of a stack, outermost first. */
function pathOf(data: Data, stack: number): string[] {
  const path: string[] = [];
  for (let at = stack; at !== 0; at = data.stacks.parent[at]) {
    path.push(frameText(data, data.stacks.frame[at]));
  }
  return path.reverse();
}

/** The number of the same calls; 0 where they are not there. One pass: a parent has the smaller number. */
function sameStack(stack: number, before: Data, now: Data): number {
  const path = pathOf(before, stack);
  const { parent, frame } = now.stacks;
  const matched = new Int32Array(parent.length).fill(-1);
  matched[0] = 0;
  for (let i = 1; i < parent.length; i++) {
    const depth = matched[parent[i]];
    if (depth < 0 || depth === path.length || frameText(now, frame[i]) !== path[depth]) continue;
    matched[i] = depth + 1;
    if (depth + 1 === path.length) return i;
  }
  return 0;
}

function sameBox(state: Readonly<State>, before: Data, now: Data): number {
  const stack = stackOf(state);
  if (stack === 0 || stack >= before.stacks.parent.length) return 0;
  return withStack(state, sameStack(stack, before, now));
}

/** The same selection, as the new data have it. */
export function carried(state: Readonly<State>, before: Data, now: Data): State {
  return { ...state, ...sameTime(state, before, now), zoom: sameBox(state, before, now) };
}
