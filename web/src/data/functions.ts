// SPDX-License-Identifier: MIT
// Functions: what each allocates itself and with what it calls, who calls it, and whom it calls.
//
// All are sums over the tree of stacks: what lies below a stack is summed once, and a function has what lies
// below those of its stacks that no other one of them leads to. So recursion counts nothing twice.
import type { Model } from "./model";
import type { Data, Frames } from "./schema";

/** In the place of a caller: nobody, the call is the outermost one of its thread. */
export const NOBODY = -1;

/** Which frames are the same function: those of one name, file and module; without a name, of one
 * place in the module. */
export interface Functions {
  readonly of: Int32Array; // by frame
  readonly count: number;
}

/** By function. */
export interface Sums {
  readonly inclusive: Float64Array; // with what it calls
  readonly self: Float64Array;
}

/** A caller or a callee, and what is allocated through calls between the two. */
export interface Neighbour {
  readonly function: number;
  readonly weight: number;
}

/** Most first. Of calls in a circle the same bytes may stand at several: at each through which they came. */
export interface Neighbours {
  readonly callers: readonly Neighbour[]; // NOBODY may be one of them
  readonly callees: readonly Neighbour[];
}

/** Stacks as calls between functions. */
interface Calls {
  readonly count: number; // of functions
  readonly function: Int32Array; // by stack
  readonly caller: Int32Array; // by stack
  readonly outermost: Uint8Array; // by stack: 1 where the function is not on it further out
  readonly stack: Int32Array; // by function: one of its stacks
}

/** What is made of something once, and kept as long as that. */
export function once<Key extends object, Made>(make: (key: Key) => Made): (key: Key) => Made {
  const made = new WeakMap<Key, Made>();
  return (key) => {
    let value = made.get(key);
    if (value === undefined) made.set(key, (value = make(key)));
    return value;
  };
}

function numberFunctions(frames: Frames): Functions {
  const numbers = new Map<string, number>();
  const of = new Int32Array(frames.function.length);
  for (let frame = 0; frame < of.length; frame++) {
    const name = [frames.function, frames.file, frames.module, frames.offset ?? []]
      .map((column) => column[frame]).join(" ");
    let number = numbers.get(name);
    if (number === undefined) numbers.set(name, number = numbers.size);
    of[frame] = number;
  }
  return { of, count: numbers.size };
}

export const functionsOf = once((data: Data): Functions => numberFunctions(data.frames));

/** Whether the stack leads through another one of which the same is so. */
function isAgain(parent: readonly number[], stack: number, same: (outer: number) => boolean): boolean {
  for (let outer = parent[stack]; outer > 0; outer = parent[outer]) if (same(outer)) return true;
  return false;
}

function makeCalls(data: Data): Calls {
  const { parent, frame } = data.stacks;
  const { of, count } = functionsOf(data);
  const calls = {
    count, function: new Int32Array(parent.length), caller: new Int32Array(parent.length),
    outermost: new Uint8Array(parent.length), stack: new Int32Array(count),
  };
  calls.function[0] = NOBODY;
  for (let stack = 1; stack < parent.length; stack++) {
    const own = of[frame[stack]];
    calls.function[stack] = own;
    calls.caller[stack] = calls.function[parent[stack]];
    calls.outermost[stack] = Number(!isAgain(parent, stack, (outer) => calls.function[outer] === own));
    calls.stack[own] ||= stack;
  }
  return calls;
}

const callsOf = once(makeCalls);

/** By stack: what sites with this very stack have. */
function ownOf({ sites, stacks }: Data, weights: ArrayLike<number>): Float64Array {
  const own = new Float64Array(stacks.parent.length);
  sites.stack.forEach((stack, row) => { own[stack] += weights[row]; });
  return own;
}

/** By stack: with all that it leads to. A parent has the smaller number. */
function belowOf({ stacks: { parent } }: Data, own: Float64Array): Float64Array {
  const below = own.slice();
  for (let stack = below.length - 1; stack > 0; stack--) below[parent[stack]] += below[stack];
  return below;
}

/** Sums of what sites have. */
export function sumFunctions(data: Data, weights: ArrayLike<number>): Sums {
  const calls = callsOf(data);
  const own = ownOf(data, weights);
  const below = belowOf(data, own);
  const sums = { inclusive: new Float64Array(calls.count), self: new Float64Array(calls.count) };
  for (let stack = 1; stack < own.length; stack++) {
    const called = calls.function[stack];
    sums.self[called] += own[stack];
    if (calls.outermost[stack]) sums.inclusive[called] += below[stack];
  }
  return sums;
}

/** What sites without a stack have: it is no function's. */
export function withoutStack(data: Data, weights: ArrayLike<number>): number {
  return ownOf(data, weights)[0];
}

function add(sums: Map<number, number>, key: number, weight: number): void {
  sums.set(key, (sums.get(key) ?? 0) + weight);
}

function mostFirst(sums: Map<number, number>): Neighbour[] {
  return [...sums].map(([number, weight]) => ({ function: number, weight }))
    .sort((a, b) => b.weight - a.weight);
}

/** A call between the same two counts where it is the outermost one; a function's calls of itself are its
 * own affair. */
export function neighboursOf(data: Data, weights: ArrayLike<number>, number: number): Neighbours {
  const { function: callee, caller } = callsOf(data);
  const { parent } = data.stacks;
  const below = belowOf(data, ownOf(data, weights));
  const callers = new Map<number, number>();
  const callees = new Map<number, number>();
  for (let stack = 1; stack < below.length; stack++) {
    const [from, to] = [caller[stack], callee[stack]];
    if (from === to || (from !== number && to !== number) || below[stack] <= 0) continue;
    if (isAgain(parent, stack, (outer) => caller[outer] === from && callee[outer] === to)) continue;
    if (to === number) add(callers, from, below[stack]);
    else add(callees, to, below[stack]);
  }
  return { callers: mostFirst(callers), callees: mostFirst(callees) };
}

/** A stack on which the function is the innermost one: it tells name, file and module. */
export function stackOf(data: Data, number: number): number {
  return callsOf(data).stack[number];
}

/** What functions go by in the page's address: their names, and "#2" for another one of the same name. */
interface Keys {
  readonly key: readonly string[]; // by function
  readonly number: ReadonlyMap<string, number>;
}

function makeKeys(model: Model): Keys {
  const { stack } = callsOf(model.data);
  const known = new Map<string, number>();
  const key = Array.from(stack, (one) => {
    const name = model.frame(one).function;
    const before = known.get(name) ?? 0;
    known.set(name, before + 1);
    return before === 0 ? name : `${name}#${before + 1}`;
  });
  return { key, number: new Map(key.map((name, number) => [name, number])) };
}

const keysOf = once(makeKeys);

export function functionKey(model: Model, number: number): string {
  return keysOf(model).key[number];
}

/** Undefined where the program has no such function. */
export function functionNumber(model: Model, key: string): number | undefined {
  return keysOf(model).number.get(key);
}
