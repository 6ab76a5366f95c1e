// SPDX-License-Identifier: MIT
// What is selected on the page, kept in the fragment of its address so that a link shows the same.

export type Weight =
  | "bytes_at_peak" | "alloc_bytes" | "leaked_bytes" | "temporary_count" | "alloc_count"
  | "live_bytes";

export interface State {
  view: string; // id of the one in front
  /** Of slices: the first and the last one; null = the whole run. */
  from: number | null;
  to: number | null;
  weight: Weight; // what a stack counts for
  search: string; // of functions, files and modules, by parts of their names
  inverted: boolean; // flame graph from the allocating function outward
  recursion: boolean; // calls of a function by itself are one
  zoom: number; // stack number that fills the flame graph; 0 = all
  site: number | null; // id of the one that is open in the table
  sort: string; // column of the table; "-" in front: ascending
  columns: "few" | "all"; // of the table of sites
  flow: "count" | "bytes"; // of the flow between threads
  function: string; // the one that is open in their table; "" = none
  by: "all" | "site" | "function"; // what live bytes over time are told apart by
}

export const START: Readonly<State> = {
  view: "overview", from: null, to: null, weight: "bytes_at_peak", search: "", inverted: false,
  recursion: false, zoom: 0, site: null, sort: "bytes_at_peak", columns: "few", flow: "count",
  function: "", by: "all",
};

const WEIGHTS: readonly string[] = [
  "bytes_at_peak", "alloc_bytes", "leaked_bytes", "temporary_count", "alloc_count", "live_bytes",
];
const NAME = /^-?[a-z][a-z0-9_-]*$/;

const whole = (text: string): number | undefined => (/^\d{1,15}$/.test(text) ? Number(text) : undefined);
const flag = (text: string): boolean | undefined => (text === "1" ? true : undefined);
const name = (text: string): string | undefined => (NAME.test(text) ? text : undefined);

/** Text of the fragment to a value; undefined where it means nothing. */
const READ: { [K in keyof State]: (text: string) => State[K] | undefined } = {
  view: name, from: whole, to: whole,
  weight: (text) => (WEIGHTS.includes(text) ? (text as Weight) : undefined),
  search: (text) => text, inverted: flag, recursion: flag, zoom: whole, site: whole, sort: name,
  columns: (text) => (text === "few" || text === "all" ? text : undefined),
  flow: (text) => (text === "count" || text === "bytes" ? text : undefined),
  function: (text) => text,
  by: (text) => (text === "all" || text === "site" || text === "function" ? text : undefined),
};

const KEYS = Object.keys(START) as (keyof State)[];

function take<K extends keyof State>(state: State, key: K, text: string | null): void {
  const value = text === null ? undefined : READ[key](text);
  if (value !== undefined) state[key] = value;
}

/** "#view=sites&search=json" to a state. What is not there, or means nothing, is as at the start. */
export function readState(fragment: string): State {
  const given = new URLSearchParams(fragment.replace(/^#/, ""));
  const state = { ...START };
  for (const key of KEYS) take(state, key, given.get(key));
  return state;
}

/** The other way round; only what differs from the start, so that an address stays short. */
export function writeState(state: Readonly<State>): string {
  const given = new URLSearchParams();
  for (const key of KEYS) {
    const value = state[key];
    if (value !== START[key] && value !== null) given.set(key, value === true ? "1" : String(value));
  }
  return `#${given}`;
}
