// SPDX-License-Identifier: MIT
// What programs and sites are called.
import type { Frame, Model } from "../data/model";
import type { Report } from "../data/schema";
import { shortPath } from "../format";

const LONGEST = 200;

const cut = (text: string): string => text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}\u2026`;

/** As it was typed, the program without its folders. */
export function commandLine({ program }: Report): string {
  const [name = program.exe ?? "program", ...rest] = program.argv;
  return cut([name.split("/").pop(), ...rest].join(" "));
}

/** "src/app.c:12", "libz.so.1" of a function without a line, or nothing. */
export function placeOf(frame: Frame): string {
  if (frame.file !== "") return frame.line ? `${shortPath(frame.file)}:${frame.line}` : shortPath(frame.file);
  return frame.module.split("/").pop() ?? "";
}

/** Frames as they are told on one line: those with a name, without callers of what is inlined, who
 * say less than those around them. The first ones say enough. */
function told(model: Model, stack: number, most: number): Frame[] {
  const { parent } = model.data.stacks;
  const frames: Frame[] = [];
  for (let at = stack; at !== 0 && frames.length < most; at = parent[at]) {
    const frame = model.frame(at);
    if (frame.known && (frames.length === 0 || !frame.inlined)) frames.push(frame);
  }
  return frames.length > 0 || stack === 0 ? frames : [model.frame(stack)];
}

/** A function that so many others allocate by is their malloc: it says nothing of a site. */
const CALLERS_OF_WRAPPER = 8;

function findWrappers(model: Model): Set<string> {
  const callers = new Map<string, Set<string>>();
  for (const stack of model.data.sites.stack) {
    const [allocating, caller] = told(model, stack, 2);
    if (!caller) continue;
    const known = callers.get(allocating.function) ?? new Set();
    callers.set(allocating.function, known.add(caller.function));
  }
  const many = [...callers].filter(([, names]) => names.size >= CALLERS_OF_WRAPPER);
  return new Set(many.map(([name]) => name));
}

export interface SiteName {
  readonly name: string;
  readonly place: string;
  /** Innermost first. */
  readonly callers: readonly string[];
  /** "via xmalloc ← finish ← main": what it allocates by, and who calls it. */
  readonly way: string;
}

const CALLERS = 4;

/** "← finish ← main". */
export const callersText = (callers: readonly string[]): string =>
  callers.map((caller) => `\u2190 ${caller}`).join(" ");

/** By the innermost function that is no mere wrapper of malloc. */
function makeName(model: Model, stack: number, wrappers: Set<string>): SiteName {
  const frames = told(model, stack, 2 * CALLERS);
  if (frames.length === 0) return { name: "(no stack)", place: "", callers: [], way: "" };
  const at = Math.max(0, frames.findIndex((frame) => !wrappers.has(frame.function)));
  const through = frames.slice(0, at).map((frame) => `via ${cut(frame.function)}`);
  const callers = frames.slice(at + 1, at + 1 + CALLERS).map((frame) => cut(frame.function));
  return { name: cut(frames[at].function), place: placeOf(frames[at]), callers,
    way: [...through, callersText(callers)].join(" ") };
}

/** What is known of a model's names: they are asked for again and again. */
const known = new WeakMap<Model, { wrappers: Set<string>; names: Map<number, SiteName> }>();

/** What the site with this stack is called. */
export function siteName(model: Model, stack: number): SiteName {
  let of = known.get(model);
  if (!of) known.set(model, (of = { wrappers: findWrappers(model), names: new Map() }));
  let name = of.names.get(stack);
  if (!name) of.names.set(stack, (name = makeName(model, stack, of.wrappers)));
  return name;
}
