// A list of names with a bar and a value each.

import { element } from "../dom.js";

/** rows: [{ name (text or an element), value, text, hue }]; the longest bar is `most`, or the largest value. */
export function bars(list, rows, most = Math.max(...rows.map((row) => row.value))) {
  list.replaceChildren(
    ...rows.map(({ name, value, text, hue = 1 }) => {
      const bar = element("i", { class: `hue-${hue}` });
      bar.style.width = `${most > 0 ? (100 * Math.max(0, value)) / most : 0}%`;
      return element(
        "li",
        {},
        element("span", { class: "name" }, name),
        element("b", {}, text),
        element("span", { class: "track", "aria-hidden": "true" }, bar),
      );
    }),
  );
}
