// SPDX-License-Identifier: MIT
// The report in words: what a person with two minutes has to know.
import { bytes, count, counted, percent, share, time } from "../format";
import type { Data, Report } from "./schema";

/** For the line below the program's name. */
export function summary({ report }: Data): string {
  if (!report.alloc_count) return "It allocated nothing.";
  if (report.peak_allocated === null) {
    return `${counted(report.alloc_count, "allocation")}, ${bytes(report.alloc_bytes)} in all.`;
  }
  const about = report.estimated ? "about " : "";
  const kept = report.leaked_bytes ? `${about}${bytes(report.leaked_bytes)} not freed` : "everything freed";
  return `Peak ${about}${bytes(report.peak_allocated)}, ${kept}.`;
}

function howItEnded({ program }: Report): string {
  if (program.signal) return `It was ended by signal ${program.signal}.`;
  if (program.exit_status) return `It ended with status ${program.exit_status}.`;
  return "";
}

function whatItDid(report: Report): string {
  const ran = `In ${time(report.duration_seconds)} it `;
  if (!report.alloc_count) return `${ran}allocated nothing.`;
  return `${ran}allocated ${bytes(report.alloc_bytes)} in ${counted(report.alloc_count, "block")}.`;
}

function peak(report: Report): string {
  if (!report.peak_allocated) return "";
  const when = report.peak_time === null ? "" : `, ${time(report.peak_time)} after the start`;
  return `At its peak${when}, it held ${bytes(report.peak_allocated)}.`;
}

function leaks(report: Report): string {
  if (report.leaked_bytes === null || !report.alloc_count) return "";
  if (!report.leaked_bytes) return "Everything was freed.";
  const kept = `${bytes(report.leaked_bytes)} in ${counted(report.leaked_count, "block")}`;
  const part = share(report.leaked_bytes, report.peak_allocated ?? 0);
  return `${kept} were not freed${report.peak_allocated ? `, ${part} of the peak` : ""}.`;
}

function temporary(report: Report): string {
  if (!report.temporary_count) return "";
  return `${percent((100 * report.temporary_count) / report.alloc_count)} of the blocks were temporary: ` +
    "freed by the very next call of the thread that allocated them.";
}

/** The findings in words, one sentence each. */
export function verdict({ report }: Data): string[] {
  return [whatItDid(report), peak(report), leaks(report), temporary(report), howItEnded(report)]
    .filter((sentence) => sentence !== "");
}

const NAMES: Readonly<Record<string, string>> = { system: "that of the C library" };

/** Which allocator, and whether anybody tested that it is the one. */
export function allocatorWords({ allocator }: Report): string {
  const called = String(allocator.verified ? allocator.serving : allocator["claimed"] ?? allocator.serving);
  const name = `${NAMES[called] ?? called}${allocator.version ? ` ${allocator.version}` : ""}`;
  const found = allocator.verified ? `The allocator that served was ${name}. Verified: `
    : `By the name of its library, the allocator was ${name}. Not verified: `;
  return `${found}${allocator.reason || "nobody tested it"}.`;
}

function sentence(text: string): string {
  if (!text) return "";
  return `${text[0].toUpperCase()}${text.slice(1)}${text.endsWith(".") ? "" : "."}`;
}

const MODES: Readonly<Record<string, string>> = {
  sample: "Bytes were sampled: what a site did is an estimate, with its 95 % interval beside it.",
  count: "Calls were only counted: what lives, what leaks and which site it was is not known. " +
    "Record with --mode full or --mode sample for that.",
};

/** What limits how far the figures can be believed. */
export function caveats({ report }: Data): string[] {
  const words = [];
  if (MODES[report.mode]) words.push(MODES[report.mode]);
  if (report.lost_events) {
    words.push(`${count(report.lost_events)} events were lost: figures are of the rest.`);
  }
  return [...words, ...((report.trace?.warnings ?? []) as string[]).map(sentence)];
}
