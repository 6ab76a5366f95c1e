// SPDX-License-Identifier: MIT
// View 7: what the allocator holds and nobody uses, inside of blocks and between them.
import { Figure } from "../charts/figure";
import { gaugeOption } from "../charts/gauge";
import type { Gauge } from "../charts/gauge";
import type { Picture, Table } from "../charts/picture";
import type { Report } from "../data/schema";
import { UNKNOWN, bytes, count, counted, percent, time } from "../format";
import { el } from "../ui/dom";
import type { Context, Instance, View } from "../ui/view";

interface Fragmentation {
  internal_fragmentation: number | null;
  external_fragmentation: number | null;
  largest_free_block: number | null;
  free_block_count: number | null;
  utilization: number | null;
  method_internal: string | null;
  method_external: string | null;
  time: number | null;
  readings: number | null;
}

/** Where recommendations begin: docs/report.md. */
const INTERNAL_LIMIT = 0.3;
const EXTERNAL_LIMIT = 0.4;
const WORTH_BYTES = 16 * 1024 * 1024;

const fragmentationOf = (report: Report): Fragmentation => report.fragmentation;

/** Whether there is enough memory for waste to matter. */
function isLarge(report: Report): boolean {
  return report.peak_allocated === null || report.peak_allocated >= WORTH_BYTES;
}

function gauges(report: Report): Gauge[] {
  const { internal_fragmentation: internal, external_fragmentation: external } = fragmentationOf(report);
  const limit = (part: number) => (isLarge(report) ? part : null);
  return [
    { title: "inside blocks", part: internal, limit: limit(INTERNAL_LIMIT) },
    { title: "between blocks", part: external, limit: limit(EXTERNAL_LIMIT) },
  ].filter((gauge): gauge is Gauge => gauge.part !== null);
}

const ofHundred = (part: number | null) => percent(part === null ? null : 100 * part);

/** Whether to do anything, and what. */
function advice(report: Report, part: number, limit: number, help: string): string {
  if (!isLarge(report))
    return `Of a peak of ${bytes(report.peak_allocated)} that is little, whatever the part.`;
  return part < limit ? "That is usual: nothing to change." : `That is much: ${help}.`;
}

const INTERNAL_HELP =
  "sizes just above one of the allocator's waste most; smaller structures, or one block for many, help";
const EXTERNAL_HELP =
  "keep blocks that live long apart from those that do not (an arena, a pool), or let ccmem advise " +
  "compare allocators";

function internalText(report: Report): string {
  const { internal_fragmentation: part } = fragmentationOf(report);
  if (part === null) {
    return "Inside blocks: not known. The allocator does not tell what it gives, or was asked too rarely.";
  }
  return (
    `Inside blocks: ${ofHundred(part)} of their bytes were asked for by nobody, as the allocator rounds ` +
    `sizes up. ${advice(report, part, INTERNAL_LIMIT, INTERNAL_HELP)}`
  );
}

function externalText(report: Report): string {
  const { external_fragmentation: part } = fragmentationOf(report);
  if (part === null) {
    return "Between blocks: not known. The allocator's books were not read, and little was live.";
  }
  return (
    `Between blocks: ${ofHundred(part)} of what the allocator held was free, but lay between blocks in ` +
    `use. ${advice(report, part, EXTERNAL_LIMIT, EXTERNAL_HELP)}`
  );
}

function readingText({ readings, time: at }: Fragmentation): string {
  if (!readings) return "";
  return readings === 1
    ? `, read at ${time(at)}`
    : `, the one of ${count(readings)} readings with most in use, at ${time(at)}`;
}

function methodText(f: Fragmentation): string {
  const parts = [
    f.method_internal && `inside by ${f.method_internal}`,
    f.method_external && `between by ${f.method_external}${readingText(f)}`,
  ].filter(Boolean);
  const upper =
    f.method_external === "resident pages"
      ? " It is an upper bound: stacks and the program's own mappings are in it."
      : "";
  return parts.length > 0 ? `How it was measured, for the whole run: ${parts.join("; ")}.${upper}` : "";
}

function freeText(f: Fragmentation): string {
  if (f.free_block_count === null) return "";
  const utilization =
    f.utilization === null ? "" : ` ${ofHundred(f.utilization)} of all that the allocator held was in use.`;
  const blocks = counted(f.free_block_count, "free block");
  return `${blocks} at the end, the largest of ${bytes(f.largest_free_block)}.${utilization}`;
}

function table(f: Fragmentation): Table {
  const rows: [string, number | string | null, string][] = [
    ["inside blocks", f.internal_fragmentation, ofHundred(f.internal_fragmentation)],
    ["between blocks", f.external_fragmentation, ofHundred(f.external_fragmentation)],
    ["in use, of all held", f.utilization, ofHundred(f.utilization)],
    ["largest free block (bytes)", f.largest_free_block, bytes(f.largest_free_block)],
    ["free blocks", f.free_block_count, count(f.free_block_count)],
    ["method, inside", f.method_internal, f.method_internal ?? UNKNOWN],
    ["method, between", f.method_external, f.method_external ?? UNKNOWN],
    ["time of the reading (s)", f.time, time(f.time)],
  ];
  return {
    name: "fragmentation",
    length: rows.length,
    columns: [
      { title: "figure", value: (i) => rows[i][0] },
      { title: "value", value: (i) => rows[i][1], text: (i) => rows[i][2] },
    ],
  };
}

function picture({ model }: Context): Picture {
  const { report } = model.data;
  const f = fragmentationOf(report);
  const shown = gauges(report);
  return {
    label: "Gauges of the memory that is held and not used, in percent",
    summary: shown.map(({ title, part }) => `${ofHundred(part)} ${title}.`).join(" ") + ` ${freeText(f)}`,
    height: 200,
    option: (theme, width) => gaugeOption(shown, theme, width),
    cursor: {
      columns: shown.length,
      rows: 1,
      text: (i) => `${shown[i].title}: ${ofHundred(shown[i].part)}.`,
      place: (i) => ({ item: i }),
    },
    table: table(f),
  };
}

function create(element: HTMLElement, context: Context): Instance {
  const figure = new Figure(element);
  const words = el("div", { class: "chart-words" });
  figure.stage.after(words);
  const update = (next: Context): void => {
    const { report } = next.model.data;
    const f = fragmentationOf(report);
    const texts = [internalText(report), externalText(report), methodText(f)].filter(Boolean);
    words.replaceChildren(...texts.map((text) => el("p", {}, text)));
    figure.show(picture(next), report);
  };
  update(context);
  return { update };
}

/** Why there is neither figure. */
function absent({ data: { report } }: Context["model"]): string | null {
  if (gauges(report).length > 0) return null;
  return report.mode === "count"
    ? "Not known: in count mode nothing is asked of the allocator."
    : "Not known: the allocator has no books that can be read, and little was live.";
}

export default {
  id: "fragmentation",
  title: "Fragmentation",
  question: "How much memory is held and not used?",
  absent,
  create,
} satisfies View;
