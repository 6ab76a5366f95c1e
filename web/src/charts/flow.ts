// SPDX-License-Identifier: MIT
// How blocks go between threads: who allocated them left, who freed them right.
import type { Report } from "../data/schema";
import { bytes, count, counted } from "../format";
import { NARROW, tooltipLook } from "./axes";
import type { Option } from "./echarts";
import { threadName } from "./names";
import type { Theme } from "./theme";
import { tip } from "./tip";

export type Measure = "count" | "bytes";

/** A thread: by its number, as names may be the same. */
interface Side {
  readonly index: number;
  readonly name: string;
}

/** Blocks that one thread allocated and another freed. */
export interface Pair {
  readonly from: Side;
  readonly to: Side;
  readonly count: number;
  readonly bytes: number;
}

/** So many are drawn; the others are one. */
const MOST = 50;

/** A line of text and some air: however narrow a flow is, its threads' names stand apart. */
const NODE_GAP = 15;
const NODE_PITCH = 30;

/** Of the drawing, in pixels. */
export function heightOf(pairs: readonly Pair[]): number {
  const sides = Math.max(
    new Set(pairs.map(({ from }) => from.index)).size,
    new Set(pairs.map(({ to }) => to.index)).size,
  );
  return Math.max(160, 24 + sides * NODE_PITCH);
}

interface Flow {
  from_index: number;
  to_index: number;
  count: number;
  bytes: number;
}

function side(report: Report, index: number): Side {
  return { index, name: threadName(report, index) };
}

export function pairsOf(report: Report, by: Measure): Pair[] {
  const flow: Flow[] = report.cross_thread_flow ?? [];
  return [...flow]
    .sort((a, b) => b[by] - a[by])
    .map((pair) => ({
      from: side(report, pair.from_index),
      to: side(report, pair.to_index),
      count: pair.count,
      bytes: pair.bytes,
    }));
}

/** The largest, and the rest of those listed as one. */
export function drawn(pairs: readonly Pair[]): Pair[] {
  const rest = pairs.slice(MOST);
  const sum = (by: Measure) => rest.reduce((all, pair) => all + pair[by], 0);
  if (rest.length === 0) return [...pairs];
  const others = { index: -1, name: counted(rest.length, "other pair") };
  return [...pairs.slice(0, MOST), { from: others, to: others, count: sum("count"), bytes: sum("bytes") }];
}

/** Nodes have a side in their names: a thread may be on both, and then the flow has no loops. */
export function flowOption(pairs: readonly Pair[], by: Measure, theme: Theme, width: number): Option {
  const giver = ({ index }: Side) => `from ${index}`;
  const taker = ({ index }: Side) => `to ${index}`;
  const nodes = new Map<string, { name: string; gives: boolean }>();
  for (const { from, to } of pairs) {
    nodes.set(giver(from), { name: from.name, gives: true });
    nodes.set(taker(to), { name: to.name, gives: false });
  }
  const label = width < NARROW ? 110 : 200;
  const sideColour = (gives: boolean) => (gives ? theme.alloc : theme.free);
  return {
    tooltip: {
      ...tooltipLook(theme),
      formatter: (at) => {
        const { dataType, dataIndex, name, value } = at as unknown as {
          dataType: string;
          dataIndex: number;
          name: string;
          value: number;
        };
        if (dataType === "edge") return describe(pairs[dataIndex]);
        const node = nodes.get(name);
        return tip(node?.name ?? "", [
          [node?.gives ? "freed by others" : "freed of others", by === "bytes" ? bytes(value) : count(value)],
        ]);
      },
    },
    series: [
      {
        type: "sankey",
        left: 8,
        right: 8,
        top: 8,
        bottom: 8,
        nodeWidth: 10,
        nodeGap: NODE_GAP,
        draggable: false,
        layoutIterations: 16,
        nodeAlign: "justify",
        lineStyle: { color: "source", opacity: theme.dark ? 0.45 : 0.35, curveness: 0.5 },
        emphasis: { focus: "adjacency" },
        data: [...nodes].map(([id, { name, gives }]) => ({
          name: id,
          // With a border even a thread of next to nothing is seen.
          itemStyle: { color: sideColour(gives), borderColor: sideColour(gives), borderWidth: 1 },
          label: {
            position: gives ? "right" : "left",
            color: theme.text,
            width: label,
            overflow: "truncate",
            formatter: () => name,
          },
        })),
        links: pairs.map((pair) => ({
          source: giver(pair.from),
          target: taker(pair.to),
          value: pair[by],
        })),
      },
    ],
  };
}

export const between = ({ from, to }: Pair) => `${from.name} to ${to.name}`;

function describe(pair: Pair): HTMLElement {
  return tip(between(pair), [
    ["blocks", count(pair.count)],
    ["bytes", bytes(pair.bytes)],
  ]);
}
