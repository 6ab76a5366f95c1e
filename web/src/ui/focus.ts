// SPDX-License-Identifier: MIT
// Elements are often made anew where little has changed. Whoever was on one of them stays there.

/** Which child of which child it is. */
function pathTo(root: Element, element: Element): number[] {
  const path: number[] = [];
  for (let at = element; at !== root; at = at.parentElement!) {
    path.unshift([...at.parentElement!.children].indexOf(at));
  }
  return path;
}

function follow(root: Element, path: readonly number[]): Element | undefined {
  return path.reduce<Element | undefined>((at, child) => at?.children[child], root);
}

/** Work that may replace what has the focus; then what stands in its place gets it. */
export function keepingFocus(root: Element, work: () => void): void {
  const focused = document.activeElement;
  const path = focused && focused !== root && root.contains(focused) ? pathTo(root, focused) : null;
  work();
  if (!path || !focused || focused.isConnected) return;
  const now = follow(root, path);
  if (now instanceof HTMLElement && now.tagName === focused.tagName) now.focus({ preventScroll: true });
}
