// SPDX-License-Identifier: MIT
// Numbers as people read them: three digits that count, a unit, and nothing of what is not known.

export const UNKNOWN = "not known";

const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const exactly = new Intl.NumberFormat("en-US", { maximumFractionDigits: 9 });

type Figure = number | null | undefined;

const isKnown = (value: Figure): value is number =>
  typeof value === "number" && Number.isFinite(value);

/** 1,234,567; of what is no integer, all digits: 12.345. */
export function exact(value: Figure): string {
  return isKnown(value) ? exactly.format(value) : UNKNOWN;
}

/** Three digits: 1.23, 12.3, 123, 1,023. */
function threeDigits(value: number): string {
  const size = Math.abs(value);
  if (size >= 99.95) return grouped.format(value);
  return value.toFixed(size >= 9.995 ? 1 : 2);
}

/** The largest unit of which there is one, after rounding, too: 1023.9 KiB is 1.00 MiB. */
function scaled(value: number, step: number, units: readonly string[]): string {
  let unit = 0;
  let rest = value;
  while (Math.abs(rest) >= step - 0.5 && unit + 1 < units.length) {
    rest /= step;
    unit++;
  }
  const text = unit === 0 && Number.isInteger(rest) ? grouped.format(rest) : threeDigits(rest);
  return units[unit] ? `${text} ${units[unit]}` : text;
}

/** 0 B, 1,023 B, 12.4 MiB. */
export function bytes(value: Figure): string {
  return isKnown(value) ? scaled(value, 1024, ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"])
    : UNKNOWN;
}

/** 1,234,567. */
export function count(value: Figure): string {
  return isKnown(value) ? grouped.format(value) : UNKNOWN;
}

/** 950, 1.23 k, 45.6 M: where there is no room for all digits. */
export function shortCount(value: Figure): string {
  return isKnown(value) ? scaled(value, 1000, ["", "k", "M", "G", "T", "P"]) : UNKNOWN;
}

/** "1 block", "2,345 blocks". */
export function counted(value: Figure, one: string, many = `${one}s`): string {
  return isKnown(value) ? `${grouped.format(value)} ${value === 1 ? one : many}` : UNKNOWN;
}

/** 40.5 k/s. */
export function rate(value: Figure): string {
  return isKnown(value) ? `${shortCount(Math.round(value))}/s` : UNKNOWN;
}

/** 1.57 MiB/s. */
export function byteRate(value: Figure): string {
  return isKnown(value) ? `${bytes(Math.round(value))}/s` : UNKNOWN;
}

/** 24 ns, 1.20 µs, 3.40 ms, 1.20 s. */
export function nanoseconds(value: Figure): string {
  if (!isKnown(value)) return UNKNOWN;
  return Math.abs(value) < 999.5e6 ? scaled(value, 1000, ["ns", "µs", "ms"]) : time(value / 1e9);
}

/** Whether a call took less than reading the clock does, which is subtracted: how much less nobody knows. */
export function isBelow(value: Figure, timer: Figure): boolean {
  return isKnown(value) && isKnown(timer) && value < timer;
}

/** How long a call took, by a clock that takes `timer` itself: 24 ns, or < 9.24 ns. */
export function took(value: Figure, timer: Figure): string {
  return isBelow(value, timer) ? `< ${nanoseconds(timer)}` : nanoseconds(value);
}

const twoDigits = (value: number): string => String(value).padStart(2, "0");

/** Seconds: 169 ms, 1.20 s, 2 min 03 s, 1 h 05 min. */
export function time(seconds: Figure): string {
  if (!isKnown(seconds)) return UNKNOWN;
  if (seconds === 0) return "0 s";
  if (Math.abs(seconds) < 0.9995) return scaled(seconds * 1e9, 1000, ["ns", "µs", "ms"]);
  if (seconds < 59.95) return `${threeDigits(seconds)} s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${twoDigits(whole % 60)} s`;
  return `${grouped.format(Math.floor(minutes / 60))} h ${twoDigits(minutes % 60)} min`;
}

/** Of 100: 9.4 %, 100 %, and what is not quite nothing < 0.1 %. */
export function percent(value: Figure): string {
  if (!isKnown(value)) return UNKNOWN;
  if (Math.abs(value) < 0.05) return value > 0 ? "< 0.1 %" : "0 %";
  const whole = Math.abs(value) >= 99.95 || Number.isInteger(value);
  return `${whole ? grouped.format(value) : value.toFixed(1)} %`;
}

/** The part in percent; of nothing it is nothing. */
export function share(part: number, whole: number): string {
  return percent(whole === 0 ? 0 : (100 * part) / whole);
}

/** "+430 KiB", "-12", "0": how much more it is now. */
export function change(value: Figure, format: (value: Figure) => string): string {
  return isKnown(value) && value > 0 ? `+${format(value)}` : format(value);
}

/** For running text: no line ends between a number and its unit. */
export function unbroken(text: string): string {
  return text.replace(/(\d) (?=\S)/g, "$1\u00a0");
}

/** The last folder and the file: enough to find it, short enough to read. */
export function shortPath(path: string): string {
  return path.split("/").filter((part) => part !== "").slice(-2).join("/");
}
