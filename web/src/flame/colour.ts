// SPDX-License-Identifier: MIT
// Colours of boxes: by the file a function is in, or its module where no file is known; or, in a diff, blue
// for less and orange for more. Hues are by Okabe and Ito, mixed with the background so that the text
// on them is read; their yellow is what a search finds.
import type { Theme } from "../charts/theme";
import type { Data } from "../data/schema";
import type { Box } from "./layout";

type Rgb = readonly [number, number, number];

const HUES: readonly Rgb[] = [
  [86, 180, 233], [230, 159, 0], [0, 158, 115], [204, 121, 167], [0, 114, 178], [213, 94, 0],
];
const GREY: Rgb = [140, 146, 152];
const YELLOW: Rgb = [240, 228, 66];
const MORE: Rgb = [230, 130, 0];
const LESS = { light: [0, 114, 178] as Rgb, dark: [86, 180, 233] as Rgb };

/** How much of a hue there is in a colour: when all hues are taken, they come again in another shade. */
const SHADES = { light: [0.5, 0.75, 0.3], dark: [0.42, 0.28, 0.52] };

/** As --surface in style.css. */
const BACKGROUND: { light: Rgb; dark: Rgb } = { light: [255, 255, 255], dark: [21, 25, 31] };

/** `part` of a colour, the rest of the background. */
function tint(colour: Rgb, part: number, theme: Theme): string {
  const ground = theme.dark ? BACKGROUND.dark : BACKGROUND.light;
  const mixed = colour.map((value, i) => Math.round(value * part + ground[i] * (1 - part)));
  return `rgb(${mixed.join(",")})`;
}

/** Where a frame's function is from: the number of a string. */
export function originOf({ frames }: Data, frame: number): number {
  return frames.file[frame] || frames.module[frame];
}

/** What each origin's boxes count for in the graph of all allocated bytes. */
function areas(data: Data): Map<number, number> {
  const { stacks, sites } = data;
  const below = new Float64Array(stacks.parent.length);
  sites.stack.forEach((stack, row) => { below[stack] += sites.alloc_bytes[row]; });
  const area = new Map<number, number>();
  for (let stack = below.length - 1; stack > 0; stack--) { // a parent has the smaller number
    below[stacks.parent[stack]] += below[stack];
    const origin = originOf(data, stacks.frame[stack]);
    area.set(origin, (area.get(origin) ?? 0) + below[stack]);
  }
  return area;
}

/** Places of origins, largest first: the large ones have hues of their own, which stay the same
 * whatever is shown. */
function orderOrigins(data: Data): Map<number, number> {
  const area = areas(data);
  const sorted = [...area.keys()].sort((a, b) => area.get(b)! - area.get(a)!);
  return new Map(sorted.map((origin, place) => [origin, place]));
}

const orders = new WeakMap<Data, Map<number, number>>();

/** The colour of an origin. */
export function originColour(data: Data, origin: number, theme: Theme): string {
  let order = orders.get(data);
  if (!order) orders.set(data, order = orderOrigins(data));
  const place = order.get(origin) ?? 0;
  const shades = theme.dark ? SHADES.dark : SHADES.light;
  const shade = shades[Math.floor(place / HUES.length) % shades.length];
  return tint(HUES[place % HUES.length], shade, theme);
}

/** The colour of a function by where it is from. */
export function boxColour(data: Data, box: Box, theme: Theme): string {
  if (box.stack === 0) return plainColour(theme);
  return originColour(data, originOf(data, data.stacks.frame[box.stack]), theme);
}

/** From -1, all of it went, to 1, all of it came; null for a change that may be chance. */
export function changeColour(change: number | null, theme: Theme): string {
  if (!change) return plainColour(theme);
  const part = 0.25 + 0.3 * Math.min(1, Math.abs(change));
  return tint(change > 0 ? MORE : theme.dark ? LESS.dark : LESS.light, part, theme);
}

/** Of what is no function, and of what a search does not name. */
export function plainColour(theme: Theme): string {
  return tint(GREY, theme.dark ? 0.35 : 0.25, theme);
}

/** Of what a search names. */
export function foundColour(theme: Theme): string {
  return tint(YELLOW, theme.dark ? 0.36 : 0.9, theme);
}
