// SPDX-License-Identifier: MIT
// Light or dark: as the system has it, until the reader chooses.
import { button } from "./dom";

/** A button that says what it leads to. */
export function themeSwitch(): HTMLElement {
  const page = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  let chosen = false;
  const toggle = button("", () => {
    chosen = true;
    apply(page.dataset.theme !== "dark");
  }, { "data-action": "theme" });

  const apply = (dark: boolean): void => {
    page.dataset.theme = dark ? "dark" : "light";
    toggle.textContent = dark ? "Light" : "Dark";
    toggle.title = `Switch to ${dark ? "light" : "dark"} colours`;
  };
  system.addEventListener("change", () => {
    if (!chosen) apply(system.matches);
  });
  apply(system.matches);
  return toggle;
}
