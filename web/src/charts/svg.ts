// SPDX-License-Identifier: MIT
// Elements of pictures in files.

const SVG = "http://www.w3.org/2000/svg";

export function svgElement(name: string, attributes: Record<string, string | number>): SVGElement {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

/** Without what XML cannot hold. */
export function plainText(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd");
}

export function svgText(text: string, attributes: Record<string, string | number>): SVGElement {
  const element = svgElement("text", attributes);
  element.textContent = plainText(text);
  return element;
}

export const svgSource = (svg: SVGElement): string => new XMLSerializer().serializeToString(svg);
