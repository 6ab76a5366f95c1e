// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const format = await load("src/format.ts");

/** Each value and its text. */
function says(name, rows) {
  test(name, () => {
    for (const [value, text] of rows) assert.equal(format[name](value), text);
  });
}

says("bytes", [[0, "0 B"], [1, "1 B"], [1023, "1,023 B"], [1024, "1.00 KiB"], [12.4 * 1024, "12.4 KiB"],
  [1023.9 * 1024, "1.00 MiB"], [1e15, "909 TiB"], [-2048, "-2.00 KiB"], [2 ** 63, "8.00 EiB"],
  [2 ** 80, "1,048,576 EiB"], [0.5, "0.50 B"], [null, "not known"], [NaN, "not known"]]);
says("count", [[0, "0"], [1234567, "1,234,567"], [-1500, "-1,500"], [2 ** 53, "9,007,199,254,740,992"],
  [1.4, "1"], [null, "not known"]]);
says("shortCount", [[999, "999"], [1000, "1.00 k"], [40500, "40.5 k"], [999999, "1.00 M"]]);
says("rate", [[5353.49, "5.35 k/s"], [0, "0/s"]]);
says("byteRate", [[25186721.6, "24.0 MiB/s"]]);
says("nanoseconds", [[0, "0 ns"], [24, "24 ns"], [19.2, "19.2 ns"], [1200, "1.20 µs"], [3.4e6, "3.40 ms"],
  [999.6e6, "1.00 s"], [1.5e9, "1.50 s"], [90e9, "1 min 30 s"], [null, "not known"]]);
says("time", [[0, "0 s"], [0.0000002, "200 ns"], [0.169, "169 ms"], [1.2, "1.20 s"], [59.99, "1 min 00 s"],
  [123, "2 min 03 s"], [3900, "1 h 05 min"], [null, "not known"]]);
says("percent", [[0, "0 %"], [0.01, "< 0.1 %"], [-0.01, "0 %"], [9.44, "9.4 %"], [90, "90 %"],
  [99.96, "100 %"], [1471.9, "1,472 %"], [-12.34, "-12.3 %"]]);
says("exact", [[1234567, "1,234,567"], [0.125, "0.125"], [null, "not known"]]);
says("shortPath", [["/usr/src/app/main.c", "app/main.c"], ["main.c", "main.c"], ["", ""]]);
says("unbroken", [["held 1.99 MiB in 15 blocks", "held 1.99\u00a0MiB in 15\u00a0blocks"]]);

test("what is less than the clock takes is no number", () => {
  const rows = [[0.77, 9.24, "< 9.24 ns"], [0, 9.24, "< 9.24 ns"], [9.24, 9.24, "9.24 ns"], [80, 9.24, "80 ns"],
    [5, null, "5 ns"], [null, 9.24, "not known"]];
  for (const [value, timer, text] of rows) assert.equal(format.took(value, timer), text);
});

test("change has a sign", () => {
  assert.equal(format.change(430 * 1024, format.bytes), "+430 KiB");
  assert.equal(format.change(-12, format.count), "-12");
  assert.equal(format.change(0, format.count), "0");
});

test("counted knows one from many", () => {
  assert.equal(format.counted(1, "block"), "1 block");
  assert.equal(format.counted(2345, "block"), "2,345 blocks");
  assert.equal(format.counted(0, "frequency", "frequencies"), "0 frequencies");
});

test("the share of nothing is nothing", () => {
  assert.equal(format.share(0, 0), "0 %");
  assert.equal(format.share(1, 8), "12.5 %");
});
