// One product in a list: what it is, its price, its score and from what that is made, and why it is there.

import { element, replaceRows, spoken } from "../dom.js";
import { category, decimal, price, title } from "../format.js";

const PARTS = { collaborative: 1, content: 2, segment: 3 }; // hue
const TILES = 6;

/** open: called with the product's id. mark: of changes.compare. best: the largest score of the list. */
export function productRow(item, { open, mark, best }) {
  const button = element(
    "button",
    { type: "button", class: "open" },
    title(item),
    " ",
    element("span", { class: "id" }, item.product_id),
  );
  button.addEventListener("click", () => open(item.product_id));
  const name = element(
    "div",
    { class: "what" },
    button,
    element("span", { class: "category" }, category(item.category_code)),
  );
  const why = element("p", { class: mark?.otherReason ? "why changed" : "why" }, item.why);
  return element(
    "li",
    { class: mark?.kind ? `item ${mark.kind}` : "item", "data-key": item.product_id },
    tile(item),
    name,
    element("span", { class: "price" }, spoken("price "), price(item.price)),
    why,
    score(item, best),
    change(mark),
  );
}

/** A letter on a colour of its category: there are no pictures. */
function tile(item) {
  const code = item.category_code?.split(".")[0] ?? "";
  const hue = ([...code].reduce((all, letter) => all + letter.codePointAt(0), 0) % TILES) + 1;
  return element("span", { class: `letter hue-${hue}`, "aria-hidden": "true" }, (title(item)[0] ?? "·").toUpperCase());
}

function score(item, best) {
  const told = (value) => decimal(value, best < 0.1 ? 4 : 2); // of little known shoppers all scores are small
  const parts = Object.keys(PARTS).map((part) => `${part} ${told(item[part] ?? 0)}`);
  const sources = Object.entries(item.sources ?? {}).map(([name, part]) => `${name} ${told(part)}`);
  const stack = element("span", { class: "stack", "aria-hidden": "true", title: [...parts, ...sources].join("\n") });
  for (const [part, hue] of Object.entries(PARTS)) {
    const piece = element("i", { class: `hue-${hue}` });
    piece.style.width = `${(100 * Math.max(0, item[part] ?? 0)) / Math.max(best, 1e-9)}%`;
    stack.append(piece);
  }
  return element(
    "span",
    { class: "score" },
    stack,
    spoken("score "),
    element("b", {}, told(item.score)),
    spoken(` of ${parts.join(", ")}`),
  );
}

function change(mark) {
  if (!mark?.kind) return null;
  return element("span", { class: "mark" }, element("span", { "aria-hidden": "true" }, mark.word), spoken(mark.said));
}

/** Rows into an ordered list. marks: by product id; open: as above. */
export function showRows(list, items, open, marks = new Map()) {
  const best = Math.max(
    ...items.map((item) => Object.keys(PARTS).reduce((all, part) => all + Math.max(0, item[part] ?? 0), 0)),
  );
  const rows = items.map((item) => productRow(item, { open, mark: marks.get(item.product_id), best }));
  replaceRows(list, rows);
}
