// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { START, readState, writeState } = await load("src/state.ts");

test("the start is an empty fragment", () => {
  assert.equal(writeState(START), "#");
  assert.deepEqual(readState(""), START);
  assert.deepEqual(readState("#"), START);
});

test("what is written is read again", () => {
  const state = { view: "sites", from: 0, to: 12, weight: "alloc_bytes", search: "a&b=c #%+ \u00e4\u{1f600}",
    inverted: true, recursion: true, zoom: 17, columns: "all", site: 0, sort: "-alloc_count", columns: "all", flow: "bytes",
    function: "std::vector<a&b>::push#2", by: "site" };
  assert.deepEqual(readState(writeState(state)), state);
});

test("what means nothing is ignored", () => {
  for (const fragment of ["#view=<script>", "#from=-1", "#to=1.5", "#zoom=1e400",
    "#site=99999999999999999999", "#weight=weight", "#inverted=yes", "#flow=__proto__", "#by=thread", "#sort=--x", "#nothing=1", "#%", "#__proto__=1"]) {
    assert.deepEqual(readState(fragment), START, fragment);
  }
});

test("one bad value leaves the good ones", () => {
  assert.deepEqual(readState("#view=flame&from=x&search=json"), { ...START, view: "flame", search: "json" });
});
