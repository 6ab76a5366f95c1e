// SPDX-License-Identifier: MIT
// What is shown beside the pointer. Elements, not markup: names of functions and threads may be anything,
// and the page's policy allows no styles in markup.

/** A heading, and lines of what and how much. */
export function tip(heading: string, lines: readonly (readonly [string, string])[]): HTMLElement {
  const element = document.createElement("div");
  element.className = "chart-tip";
  const title = document.createElement("strong");
  title.textContent = heading;
  element.append(title);
  for (const [name, value] of lines) element.append(line(name, value));
  return element;
}

function line(name: string, value: string): HTMLElement {
  const row = document.createElement("div");
  const left = document.createElement("span");
  const right = document.createElement("span");
  left.textContent = name;
  right.textContent = value;
  row.append(left, right);
  return row;
}
