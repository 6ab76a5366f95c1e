// SPDX-License-Identifier: MIT
// The colours of charts. Those of text and lines are the page's, from CSS; those that mean something are
// by Okabe and Ito, which people of any colour vision tell apart, in a shade for either background.

export interface Theme {
  readonly dark: boolean;
  readonly text: string;
  readonly muted: string;
  readonly line: string;
  readonly surface: string;
  readonly live: string;
  readonly rss: string;
  readonly alloc: string;
  readonly free: string;
  readonly warning: string;
  /** From little to much; the first one is told from the background. */
  readonly scale: readonly string[];
}

const LIGHT: Theme = {
  dark: false,
  text: "#1b1f24",
  muted: "#57606a",
  line: "#d0d7de",
  surface: "#ffffff",
  live: "#0072b2",
  rss: "#6e5a00",
  alloc: "#0072b2",
  free: "#c24e00",
  warning: "#c24e00",
  scale: ["#dcebf7", "#8cc1e3", "#3987bf", "#1b5a96", "#08264f"],
};

const DARK: Theme = {
  dark: true,
  text: "#e6edf3",
  muted: "#9aa4af",
  line: "#373e47",
  surface: "#15191f",
  live: "#56b4e9",
  rss: "#f0e442",
  alloc: "#56b4e9",
  free: "#e69f00",
  warning: "#e69f00",
  scale: ["#16324a", "#1f5f8f", "#3b93c9", "#86c8f0", "#e4f5ff"],
};

function isDark(): boolean {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

/** What the page looks like now. */
export function currentTheme(): Theme {
  const style = getComputedStyle(document.documentElement);
  const base = isDark() && !matchMedia("print").matches ? DARK : LIGHT;
  const color = (name: "text" | "muted" | "line" | "surface") =>
    style.getPropertyValue(`--${name}`).trim() || base[name];
  return {
    ...base,
    text: color("text"),
    muted: color("muted"),
    line: color("line"),
    surface: color("surface"),
  };
}

/** Calls back when the page looks otherwise: by the system's choice, the reader's, or on paper. */
export function onThemeChange(changed: () => void): void {
  for (const query of ["(prefers-color-scheme: dark)", "print"]) {
    matchMedia(query).addEventListener("change", changed);
  }
  new MutationObserver(changed).observe(document.documentElement, { attributeFilter: ["data-theme"] });
}
