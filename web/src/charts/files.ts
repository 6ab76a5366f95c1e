// SPDX-License-Identifier: MIT
// Charts as files of the reader's.
import { save } from "../ui/csv";
import type { Canvas } from "./canvas";

export function saveSvg(name: string, canvas: Canvas): void {
  save(`${name}.svg`, new Blob([canvas.svg()], { type: "image/svg+xml" }));
}

export function savePng(name: string, canvas: Canvas): void {
  canvas.png((file) => save(`${name}.png`, file));
}
