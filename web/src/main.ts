// SPDX-License-Identifier: MIT
// Where the page begins: data, model, views.
import { embedded, liveAddress, Unreadable, watch } from "./data/load";
import { createModel } from "./data/model";
import type { Data } from "./data/schema";
import { el } from "./ui/dom";
import { Page } from "./ui/page";
import type { View } from "./ui/view";
import diff from "./views/diff";
import flame from "./views/flame";
import flow from "./views/flow";
import fragmentation from "./views/fragmentation";
import functions from "./views/functions";
import heatmap from "./views/heatmap";
import latency from "./views/latency";
import overview from "./views/overview";
import recommendations from "./views/recommendations";
import sites from "./views/sites";
import threads from "./views/threads";
import timeline from "./views/timeline";

const VIEWS: readonly View[] = [timeline, flame, functions, sites, recommendations, heatmap, latency, threads,
  flow, fragmentation];

const root = document.getElementById("page")!;
let page: Page | null = null;

function ready(): void {
  document.documentElement.dataset.ready = "";
  performance.mark("ccmem-ready");
}

/** A comparison has one view more. */
function viewsOf(data: Data): readonly View[] {
  return data.diff ? [overview, diff, ...VIEWS] : [overview, ...VIEWS];
}

function show(data: Data): void {
  const model = createModel(data);
  if (page) return page.show(model);
  page = new Page(root, viewsOf(data), model);
  ready();
}

/** In words, where the data cannot be shown. */
function refuse(problem: Error): void {
  root.replaceChildren(el("p", { class: "start", role: "alert" }, problem.message));
  ready();
}

const clock = (): string => new Date().toLocaleTimeString();

/** The last figures stay while there is no answer. */
async function follow(address: string): Promise<never> {
  let last = "";
  return watch(address, {
    arrived(data) {
      show(data);
      last = clock();
      page?.header.showLive("on", `Live, ${last}`);
    },
    failed() {
      document.documentElement.dataset.live = "trying";
      page?.header.showLive("trying", `No answer since ${last}; trying again`);
    },
  });
}

async function start(): Promise<void> {
  const address = liveAddress(document);
  if (address) await follow(address);
  else show(await embedded(document));
}

start().catch((problem: unknown) => refuse(problem instanceof Unreadable ? problem
  : new Error(`The page could not be drawn: ${String(problem)}`)));
