// A list of names with a bar and a value each.

import { element, replaceRows } from "../dom.js";

/** rows: [{ key, name (text or an element), value, text, hue }]; the longest bar is `most`, or the largest value. */
export function bars(list, rows, most = Math.max(...rows.map((row) => row.value))) {
  replaceRows(
    list,
    rows.map(({ key, name, value, text, hue = 1 }) => {
      const bar = element("i", { class: `hue-${hue}` });
      bar.style.width = `${most > 0 ? (100 * Math.max(0, value)) / most : 0}%`;
      return element(
        "li",
        { "data-key": key },
        element("span", { class: "name" }, name),
        element("b", {}, text),
        element("span", { class: "track", "aria-hidden": "true" }, bar),
      );
    }),
  );
}
