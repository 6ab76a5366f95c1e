// SPDX-License-Identifier: MIT
// Live bytes over time, told apart by who allocated them. Whose they are is known at the edges of slices,
// where all of them add up to what is live.
import { once } from "../data/functions";
import { selectedSlices } from "../data/model";
import type { Model } from "../data/model";
import type { Data, Slices } from "../data/schema";
import type { State } from "../state";
import { siteName } from "../ui/names";

/** What a layer is of. */
export type By = Exclude<State["by"], "all">;

/** Bytes at each edge. */
export interface Layer {
  readonly name: string; // no other one has it
  readonly place: string; // of a function its file
  readonly row: number; // of sites: the only one, or one of them; or OTHERS
  readonly bytes: Float64Array;
  readonly most: number; // in the selected range
}

/** Largest first; the last one may be all others together. */
export interface Layers {
  readonly edges: readonly number[];
  readonly range: readonly [number, number]; // of edges, from the first to the last one selected
  readonly shown: readonly Layer[];
  readonly found: number; // how many have something in the selected range
  readonly total: Float64Array; // of all layers
}

/** In the place of a row: all others together. */
export const OTHERS = -1;

/** As many as there are colours. */
const MOST = 7;

/** [row of sites * edges + edge]: what is born and not yet dead. */
function addUp({ slices, sites }: Data): Float64Array {
  const { edges, blocks } = slices as Slices;
  const live = new Float64Array(sites.id.length * edges.length);
  for (let i = 0; i < blocks.site.length; i++) {
    const first = blocks.site[i] * edges.length;
    for (let edge = blocks.born[i] + 1; edge <= blocks.died[i]; edge++) live[first + edge] += blocks.bytes[i];
  }
  return live;
}

const liveOf = once(addUp);

function placeOf(model: Model, row: number, by: By): string {
  const { place } = siteName(model, model.data.sites.stack[row]);
  return by === "site" ? place : place.replace(/:\d+$/, "");
}

/** By row of sites: the first row of the same function, by which sites are called. */
function groupByFunction(model: Model): Int32Array {
  const first = new Map<string, number>();
  return Int32Array.from(model.data.sites.stack, (stack, row) => {
    const name = `${siteName(model, stack).name} ${placeOf(model, row, "function")}`;
    if (!first.has(name)) first.set(name, row);
    return first.get(name)!;
  });
}

const groupsOf = once(groupByFunction);

/** Bytes by row and edge, and the rows that count: sites that match, or the first of each function's. */
interface Table {
  readonly bytes: Float64Array;
  readonly rows: readonly number[];
  readonly edges: number;
}

function sitesThatMatch(model: Model, search: string): Table {
  const bytes = liveOf(model.data);
  const matching = model.matching(search);
  const rows = model.data.sites.id.map((_, row) => row).filter((row) => matching[row]);
  return { bytes, rows, edges: model.data.slices!.edges.length };
}

function addRow(to: Float64Array, at: number, { bytes, edges }: Table, row: number): void {
  const first = row * edges;
  for (let edge = 0; edge < edges; edge++) to[at + edge] += bytes[first + edge];
}

function functionsOf(model: Model, sites: Table): Table {
  const groups = groupsOf(model);
  const bytes = new Float64Array(sites.bytes.length);
  for (const row of sites.rows) addRow(bytes, groups[row] * sites.edges, sites, row);
  return { bytes, rows: [...new Set(sites.rows.map((row) => groups[row]))], edges: sites.edges };
}

/** Edges from the beginning of the selected range to its end. */
function selectedEdges(data: Data, state: Pick<State, "from" | "to">): [number, number] {
  const range = selectedSlices(data, state);
  return range ? [range[0], range[1] + 1] : [0, data.slices!.edges.length - 1];
}

function mostOf(bytes: Float64Array, at: number, [first, last]: readonly [number, number]): number {
  let most = 0;
  for (let edge = first; edge <= last; edge++) most = Math.max(most, bytes[at + edge]);
  return most;
}

function sumOf(table: Table, rows: readonly number[]): Float64Array {
  const sum = new Float64Array(table.edges);
  for (const row of rows) addRow(sum, 0, table, row);
  return sum;
}

/** Null where there is nothing else at any time. */
function othersOf(table: Table, large: ReadonlySet<number>, range: readonly [number, number]): Layer | null {
  const bytes = sumOf(table, table.rows.filter((row) => !large.has(row)));
  const others = { name: "all others", place: "", row: OTHERS, bytes, most: mostOf(bytes, 0, range) };
  return bytes.some((value) => value > 0) ? others : null;
}

function together(layers: readonly Layer[], edges: number): Float64Array {
  const sum = new Float64Array(edges);
  for (const { bytes } of layers) for (let edge = 0; edge < edges; edge++) sum[edge] += bytes[edge];
  return sum;
}

/** Several may share a name: the numbers of sites tell them apart. */
function toldApart(model: Model, rows: readonly number[]): string[] {
  const { id, stack } = model.data.sites;
  const names = rows.map((row) => siteName(model, stack[row]).name);
  return names.map((name, i) => names.filter((other) => other === name).length === 1 ? name
    : `${name} #${id[rows[i]]}`);
}

/** The first rows by what they have most, without sorting all of them. */
function largestOf(rows: readonly number[], most: Float64Array): number[] {
  const large: number[] = [];
  for (const row of rows) {
    if (most[row] <= 0 || (large.length === MOST && most[row] <= most[large[MOST - 1]])) continue;
    large.push(row);
    large.sort((a, b) => most[b] - most[a]).splice(MOST);
  }
  return large;
}

/** The page must have slices. */
export function layersOf(model: Model, state: Pick<State, "from" | "to" | "search">, by: By): Layers {
  const sites = sitesThatMatch(model, state.search);
  const table = by === "site" ? sites : functionsOf(model, sites);
  const range = selectedEdges(model.data, state);
  const most = new Float64Array(model.data.sites.id.length);
  for (const row of table.rows) most[row] = mostOf(table.bytes, row * table.edges, range);
  const large = largestOf(table.rows, most);
  const names = toldApart(model, large);
  const layers = large.map((row, i): Layer => ({ name: names[i], place: placeOf(model, row, by), row,
    bytes: sumOf(table, [row]), most: most[row] }));
  const others = othersOf(table, new Set(large), range);
  const shown = others ? [...layers, others] : layers;
  const found = most.reduce((sites, bytes) => sites + Number(bytes > 0), 0);
  return { edges: model.data.slices!.edges, range, shown, found, total: together(shown, table.edges) };
}
