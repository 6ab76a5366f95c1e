// SPDX-License-Identifier: MIT
// read-speedscope.mjs FILE...: what speedscope's own importer makes of each file, as JSON.
//
// The package is the built web page; its importer is a function inside of it. So the page's script
// is run with a global of its own for that function, and with a document that is nothing: the page
// then fails to draw itself, which nobody wants here.
import fs from "node:fs";
import path from "node:path";
import vm from "node:vm";

const PAGE = new URL("node_modules/speedscope/dist/release/", import.meta.url);
const BEGIN = '"use strict";(()=>{';
const IMPORTER =
  /loadFileFromBase64:\((\w+),(\w+)\)=>\{this\.loadProfile\(\(\)=>([\w$]+)\(\1,\2\)\)\}/;

function script() {
  const name = fs.readdirSync(PAGE).find((file) => /^speedscope-.*\.js$/.test(file));
  const text = fs.readFileSync(new URL(name, PAGE), "utf8");
  const importer = IMPORTER.exec(text)?.[3];
  if (!importer || !text.startsWith(BEGIN)) throw new Error("this speedscope is built otherwise");
  return `${BEGIN}globalThis.importFile=(...a)=>${importer}(...a);${text.slice(BEGIN.length)}`;
}

const nothing = new Proxy(function () {}, {
  get: (_, key) => (key === Symbol.toPrimitive ? () => "" : nothing),
  set: () => true,
  apply: () => nothing,
  construct: () => nothing,
});

function load() {
  Object.assign(globalThis, { window: nothing, document: nothing, localStorage: nothing });
  const log = console.log;
  console.log = () => {}; // it says its version
  try {
    vm.runInThisContext(script());
  } catch (error) {
    if (!globalThis.importFile) throw error;
  }
  return log;
}

function describe(profile) {
  const frames = [];
  profile.forEachFrame((f) =>
    frames.push({ name: f.name, file: f.file ?? null, self: f.getSelfWeight(),
                  total: f.getTotalWeight() }));
  return { name: profile.getName(), unit: profile.getWeightUnit(),
           weight: profile.getTotalWeight(), frames };
}

const log = load();
for (const file of process.argv.slice(2)) {
  const base64 = fs.readFileSync(file).toString("base64");
  const group = await globalThis.importFile(path.basename(file), base64);
  if (!group) throw new Error(`${file}: not read`);
  log(JSON.stringify({ file, name: group.name, shown: group.indexToView,
                       profiles: group.profiles.map(describe) }));
}
