// SPDX-License-Identifier: MIT
// The picture of a flame graph: on a canvas, and as a file.
import { captionedPng, captionedSvg } from "../charts/caption";
import { plainText, svgElement, svgSource, svgText } from "../charts/svg";
import type { Theme } from "../charts/theme";
import type { Box, Layout } from "./layout";
import { GAP, fitText, heightOf, measurer, shapeOf, textAt } from "./shapes";
import type { Measure, Size } from "./shapes";

/** What is drawn. */
export interface Picture {
  readonly layout: Layout;
  readonly size: Size;
  readonly theme: Theme;
  name(box: Box): string;
  colour(box: Box, theme: Theme): string;
  /** Whether it is a call that was inlined; its name leans. */
  inlined(box: Box): boolean;
}

const FONT = "12px system-ui, sans-serif";
const LEANING = `italic ${FONT}`;
const THINNEST = 0.3; // of a pixel: what is thinner is not drawn

function drawBox(context: CanvasRenderingContext2D, picture: Picture, box: Box, measure: Measure): void {
  const { layout, size, theme } = picture;
  const shape = shapeOf(layout, box, size);
  if (shape.width < THINNEST) return;
  context.fillStyle = picture.colour(box, theme);
  context.fillRect(shape.x, shape.y, Math.max(shape.width - GAP, THINNEST), size.row - GAP);
  const text = fitText(picture.name(box), shape.width, measure);
  if (!text) return;
  const at = textAt(shape, size);
  context.fillStyle = theme.text;
  context.font = picture.inlined(box) ? LEANING : FONT;
  context.fillText(text, at.x, at.y, at.room);
}

/** Draw the part of a picture from `top` on, as high as the canvas. */
function draw(context: CanvasRenderingContext2D, picture: Picture, top: number, height: number): void {
  const { layout, size } = picture;
  context.font = FONT;
  context.textBaseline = "middle";
  const measure = measurer(context);
  for (const box of layout.boxes) {
    const { y } = shapeOf(layout, box, size);
    if (y + size.row > top && y < top + height) drawBox(context, picture, box, measure);
  }
}

/** Draw on a canvas what is seen of a picture that is scrolled to `top`. */
export function drawOn(canvas: HTMLCanvasElement, picture: Picture, top: number, height: number): void {
  const scale = devicePixelRatio;
  canvas.width = Math.round(picture.size.width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext("2d")!;
  context.setTransform(scale, 0, 0, scale, 0, -top * scale);
  draw(context, picture, top, height);
}

/** All of a picture. */
export function toPng(picture: Picture, title: string, done: (file: Blob) => void): void {
  const height = heightOf(picture.layout, picture.size);
  captionedPng(title, picture.theme, picture.size.width, height,
    (context) => draw(context, picture, 0, height), done);
}

function svgBox(picture: Picture, box: Box, measure: Measure): SVGElement {
  const { layout, size, theme } = picture;
  const shape = shapeOf(layout, box, size);
  const group = svgElement("g", {});
  const title = svgElement("title", {});
  title.textContent = plainText(picture.name(box));
  group.append(title, svgElement("rect", {
    x: shape.x.toFixed(2), y: shape.y, width: Math.max(shape.width - GAP, THINNEST).toFixed(2),
    height: size.row - GAP, fill: picture.colour(box, theme),
  }));
  const text = fitText(picture.name(box), shape.width, measure);
  if (text) group.append(boxText(picture, box, text));
  return group;
}

function boxText(picture: Picture, box: Box, text: string): SVGElement {
  const at = textAt(shapeOf(picture.layout, box, picture.size), picture.size);
  return svgText(text, {
    x: at.x.toFixed(2), y: at.y, "dominant-baseline": "central", fill: picture.theme.text,
    "font-style": picture.inlined(box) ? "italic" : "normal",
  });
}

/** All of a picture as a file; names in full as titles. */
export function toSvg(picture: Picture, title: string): string {
  const { width } = picture.size;
  const height = heightOf(picture.layout, picture.size);
  const svg = svgElement("svg", {
    width, height, viewBox: `0 0 ${width} ${height}`, "font-family": "system-ui, sans-serif",
    "font-size": 12,
  });
  const context = document.createElement("canvas").getContext("2d")!;
  context.font = FONT;
  const measure = measurer(context);
  for (const box of picture.layout.boxes) {
    if (shapeOf(picture.layout, box, picture.size).width >= THINNEST) {
      svg.append(svgBox(picture, box, measure));
    }
  }
  return captionedSvg(title, picture.theme, width, height, svgSource(svg));
}
