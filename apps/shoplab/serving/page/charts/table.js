// Rows of text as a table; all columns but the first are numbers.

import { element } from "../dom.js";

export function table(caption, heads, rows) {
  const head = element(
    "tr",
    {},
    ...heads.map((text, place) => element("th", { scope: "col", class: place ? "number" : null }, text)),
  );
  const body = rows.map(([first, ...others]) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, first),
      ...others.map((text) => element("td", { class: "number" }, text)),
    ),
  );
  return element(
    "table",
    {},
    element("caption", { class: "spoken" }, caption),
    element("thead", {}, head),
    element("tbody", {}, ...body),
  );
}
