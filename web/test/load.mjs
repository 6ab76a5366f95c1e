// SPDX-License-Identifier: MIT
// Modules in TypeScript for tests that run in Node.
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const FOLDER = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** What a source file, given by its path in web/, exports. */
export async function load(source) {
  const { outputFiles } = await build({ entryPoints: [path.join(FOLDER, source)], bundle: true,
    write: false, format: "esm", platform: "neutral", target: "node20" });
  const text = Buffer.from(outputFiles[0].contents).toString("base64");
  return import(`data:text/javascript;base64,${text}`);
}
