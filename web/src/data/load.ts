// SPDX-License-Identifier: MIT
// Where the data comes from: the page itself, or, live, what serves it.
import type { Data } from "./schema";

const SCHEMA = "ccmem-dashboard/1";
const EVERY_MS = 2000;

/** Data that the page cannot show; the message is for the reader. */
export class Unreadable extends Error {}

/** Why this is no data for this page, in words; null when it is. */
export function fault(data: unknown): string | null {
  if (typeof data !== "object" || data === null) return "What came is no report.";
  const { schema, report, sites, stacks, strings } = data as Partial<Data>;
  if (schema !== SCHEMA) {
    const other = JSON.stringify(schema ?? null);
    return `This page reads data of the schema ${SCHEMA}; what came is of ${other}. ` +
      "Make the page again with the version of ccmem that recorded it, or a newer one.";
  }
  return report && sites && stacks && strings ? null : "The data is incomplete.";
}

function checked(data: unknown): Data {
  const problem = fault(data);
  if (problem) throw new Unreadable(problem);
  return data as Data;
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.trim());
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

async function unpack(text: string): Promise<unknown> {
  try {
    const packed = new Blob([fromBase64(text)]).stream();
    return await new Response(packed.pipeThrough(new DecompressionStream("gzip"))).json();
  } catch {
    throw new Unreadable("The data in this page is damaged. Make the page again.");
  }
}

/** What stands in the page as base64 of gzip of JSON. */
export async function embedded(page: Document): Promise<Data> {
  const element = page.getElementById("ccmem-data");
  if (!element) {
    throw new Unreadable("There is no data in this page: ccmem report --format html makes one with data.");
  }
  return checked(await unpack(element.textContent ?? ""));
}

/** The address that is asked for new data; null in a page that is complete. */
export function liveAddress(page: Document): string | null {
  return page.querySelector<HTMLMetaElement>("meta[name=ccmem-live]")?.content ?? null;
}

async function fetched(address: string): Promise<Data> {
  const answer = await fetch(address, { cache: "no-store" });
  if (!answer.ok) throw new Error(`${answer.status}`);
  return checked(await answer.json());
}

export interface Watcher {
  arrived(data: Data): void;
  /** No answer; it is asked again. */
  failed(): void;
}

/** An answer, or null where there is none now. */
async function ask(address: string, watcher: Watcher): Promise<Data | null> {
  try {
    return await fetched(address);
  } catch (problem) {
    if (problem instanceof Unreadable) throw problem;
    watcher.failed();
    return null;
  }
}

/** Ask again and again, one request at a time; not while nobody looks. Ends with an answer that this
 * page cannot show, now or later. */
export async function watch(address: string, watcher: Watcher): Promise<never> {
  for (;;) {
    const data = document.hidden ? null : await ask(address, watcher);
    if (data) watcher.arrived(data);
    await new Promise((resume) => setTimeout(resume, EVERY_MS));
  }
}
