// SPDX-License-Identifier: MIT
// Charts as files of the reader's.
import { save } from "../ui/csv";
import type { Canvas } from "./canvas";
import type { Picture } from "./picture";

export function saveSvg({ label, table }: Picture, canvas: Canvas): void {
  save(`${table.name}.svg`, new Blob([canvas.svg(label)], { type: "image/svg+xml" }));
}

export function savePng({ label, table }: Picture, canvas: Canvas): void {
  canvas.png(label, (file) => save(`${table.name}.png`, file));
}
