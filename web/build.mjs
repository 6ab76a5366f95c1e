#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// Makes the page: one HTML file with its script and its style, without data.
//
//     node build.mjs OUT.html     the page; <!--ccmem-data--> in it is where the data goes
//     node build.mjs --check      types, and whether it can be made
//
// The policy in the page names script and style by their hashes, so that nothing else runs in it,
// whatever the data says.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const FOLDER = path.dirname(fileURLToPath(import.meta.url));
const LARGEST = 1_200_000;
const LICENCE_FILES = ["LICENSE", "LICENSE.txt", "NOTICE"];

const inFolder = (...names) => path.join(FOLDER, ...names);
const read = (...names) => readFileSync(inFolder(...names), "utf8");

async function loadEsbuild() {
  try {
    return await import("esbuild");
  } catch {
    throw new Error("esbuild is not installed: npm ci --prefix web, or ./dev setup");
  }
}

async function bundle(entry, plugins = []) {
  const esbuild = await loadEsbuild();
  const result = await esbuild.build({
    entryPoints: [inFolder(entry)], absWorkingDir: FOLDER, bundle: true, minify: true, write: false,
    format: "iife", target: "es2022", charset: "ascii", legalComments: "none", metafile: true,
    logLevel: "warning", plugins, define: { "process.env.NODE_ENV": '"production"' },
  });
  return { text: result.outputFiles[0].text.trim(), inputs: Object.keys(result.metafile.inputs) };
}

/** Packages of which something is in the page. */
function packagesOf(inputs) {
  const names = inputs.map((file) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1]);
  return [...new Set(names.filter(Boolean))].sort();
}

function licenceOf(name) {
  const { version, license } = JSON.parse(read("node_modules", name, "package.json"));
  const texts = LICENCE_FILES.filter((file) => existsSync(inFolder("node_modules", name, file)))
    .map((file) => read("node_modules", name, file).trim());
  return [`${name} ${version} (${license})`, ...texts].join("\n\n");
}

function licences(inputs) {
  const own = `ccmem (MIT)\n\n${read("..", "LICENSE").trim()}`;
  return [own, ...packagesOf(inputs).map(licenceOf)].join(`\n\n${"-".repeat(72)}\n\n`);
}

const escaped = (text) => text.replace(/[&<]/g, (c) => (c === "&" ? "&amp;" : "&lt;"));
const hashOf = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

function policy(script, style) {
  return ["default-src 'none'", `script-src ${hashOf(script)}`, `style-src ${hashOf(style)}`,
    "img-src data: blob:", "connect-src 'none'", "base-uri 'none'", "form-action 'none'"].join("; ");
}

/** Filled in by a function, since what is filled in may have $& in it. */
function fill(template, parts) {
  return template.replace(/\{\{(\w+)\}\}/g, (_, name) => parts[name]);
}

/** The page as text. */
export async function makePage(plugins = []) {
  const script = await bundle("src/main.ts", plugins);
  const style = await bundle("src/style.css");
  const page = fill(read("src", "page.html"), {
    policy: policy(script.text, style.text), style: style.text, script: script.text,
    licences: escaped(licences(script.inputs)),
  });
  if (page.length > LARGEST) throw new Error(`the page is too large: ${page.length} bytes`);
  return page;
}

function checkTypes() {
  const { status } = spawnSync(process.execPath, [inFolder("node_modules", "typescript", "bin", "tsc"),
    "--project", FOLDER], { stdio: "inherit" });
  if (status !== 0) throw new Error("the types do not fit");
}

async function main(argument) {
  if (argument === "--check") {
    checkTypes();
    console.log(`build: types fit, the page is ${(await makePage()).length} bytes`);
  } else if (argument) {
    mkdirSync(path.dirname(path.resolve(argument)), { recursive: true });
    writeFileSync(argument, await makePage());
  } else {
    throw new Error("usage: node build.mjs OUT.html | --check");
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  main(process.argv[2]).catch((problem) => {
    console.error(`build: ${problem.message}`);
    process.exitCode = 1;
  });
}
