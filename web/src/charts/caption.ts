// SPDX-License-Identifier: MIT
// The words above a picture in a file of its own: there is no page around it that says what it shows.
import { svgElement, svgSource, svgText } from "./svg";
import type { Theme } from "./theme";

type Measure = (text: string) => number;

/** A line of the caption. */
interface Line {
  readonly text: string;
  readonly font: Font;
  readonly y: number; // of its middle
}

interface Font {
  readonly size: number;
  readonly weight: "bold" | "normal";
}

const TITLE: Font = { size: 14, weight: "bold" };
const PROGRAM: Font = { size: 12, weight: "normal" };
const FAMILY = "system-ui, sans-serif";
const PADDING = 8;
const LEADING = 1.4;
const MOST_LINES = 3;
const FINEST = 2; // times as fine as a plain screen
const TALLEST = 16384; // pixels; canvases may be no larger

/** As much of a word or a line as there is room for. */
function cut(text: string, room: number, measure: Measure): string {
  let letters = text.length;
  while (letters > 1 && measure(`${text.slice(0, letters)}\u2026`) > room) letters = Math.floor(letters * 0.9);
  return `${text.slice(0, letters)}\u2026`;
}

/** Text in lines of whole words. */
export function wrap(text: string, room: number, measure: Measure): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && measure(longer) > room) lines.push(line);
    line = line !== "" && measure(longer) > room ? word : longer;
  }
  const all = [...lines, line].map((one) => (measure(one) > room ? cut(one, room, measure) : one));
  return all.length <= MOST_LINES ? all
    : [...all.slice(0, MOST_LINES - 1), cut(all.slice(MOST_LINES - 1).join(" "), room, measure)];
}

/** The caption of a picture of some width. The page's title says whose picture it is. */
class Caption {
  readonly lines: readonly Line[];
  readonly height: number;

  constructor(title: string, width: number) {
    const context = document.createElement("canvas").getContext("2d")!;
    const lines: Line[] = [];
    let y = PADDING;
    for (const [words, font] of [[title, TITLE], [document.title, PROGRAM]] as const) {
      const leading = Math.round(font.size * LEADING);
      context.font = fontText(font);
      for (const text of wrap(words, width - 2 * PADDING, (part) => context.measureText(part).width)) {
        lines.push({ text, font, y: y + leading / 2 });
        y += leading;
      }
    }
    this.lines = lines;
    this.height = Math.ceil(y + PADDING);
  }
}

const fontText = ({ size, weight }: Font): string => `${weight} ${size}px ${FAMILY}`;
const colour = ({ weight }: Font, theme: Theme): string => (weight === "bold" ? theme.text : theme.muted);

/** The source of a picture, with the caption above it. */
export function captionedSvg(title: string, theme: Theme, width: number, height: number,
                             source: string): string {
  const caption = new Caption(title, width);
  const whole = height + caption.height;
  const svg = svgElement("svg", { width, height: whole, viewBox: `0 0 ${width} ${whole}` });
  svg.append(svgElement("rect", { width, height: whole, fill: theme.surface }),
    ...caption.lines.map(({ text, font, y }) => svgText(text, { x: PADDING, y, fill: colour(font, theme),
      "font-family": FAMILY, "font-size": font.size, "font-weight": font.weight,
      "dominant-baseline": "central" })));
  const below = source.replace("<svg ", `<svg y="${caption.height}" `);
  return svgSource(svg).replace(/<\/svg>$/, () => `${below}</svg>`);
}

/** A picture in PNG, with the caption above it; `draw` draws what is below, in pixels of a plain screen. */
export function captionedPng(title: string, theme: Theme, width: number, height: number,
                             draw: (context: CanvasRenderingContext2D) => void,
                             done: (file: Blob) => void): void {
  const caption = new Caption(title, width);
  const whole = height + caption.height;
  const scale = Math.min(FINEST, TALLEST / whole);
  const canvas = document.createElement("canvas");
  canvas.width = width * scale;
  canvas.height = whole * scale;
  const context = canvas.getContext("2d")!;
  context.scale(scale, scale);
  context.fillStyle = theme.surface;
  context.fillRect(0, 0, width, whole);
  drawCaption(context, caption, theme);
  context.translate(0, caption.height);
  draw(context);
  canvas.toBlob((file) => file && done(file));
}

function drawCaption(context: CanvasRenderingContext2D, caption: Caption, theme: Theme): void {
  context.textBaseline = "middle";
  for (const { text, font, y } of caption.lines) {
    context.font = fontText(font);
    context.fillStyle = colour(font, theme);
    context.fillText(text, PADDING, y);
  }
}
