// The recommendations.

import { element, find, tell } from "../dom.js";
import { showRows } from "./product_row.js";

const SOURCES = {
  live: "With events the model was not trained on",
  model: "As the model was trained",
  popular: "What is popular: nobody knows this shopper yet",
};
const LEGEND = [
  ["collaborative", 1],
  ["content", 2],
  ["segment", 3],
];

const EMPTY = "Nothing to recommend: the model knows no other product. `./lab train` makes a new one.";

export class ListView {
  constructor(open) {
    this.open = open;
    this.note = element("p", { class: "note", hidden: true });
    this.source = element("p", { class: "quiet" });
    this.rows = element("ol", { class: "items" });
    this.legend = element("p", { class: "legend", hidden: true }, "Score from: ", ...LEGEND.map(key));
    find("list").append(this.note, this.source, this.rows, this.legend);
  }

  show(answer, marks) {
    this.settle(answer);
    const increment = answer.increment ? `, increment ${answer.increment}` : "";
    this.source.textContent = `${SOURCES[answer.source]} · model ${answer.model_version ?? "none"}${increment}`;
    this.legend.hidden = answer.items.length === 0;
    showRows(this.rows, answer.items, this.open, marks);
  }

  /** All is well again. */
  settle(answer) {
    tell(this.note, answer.items.length ? "" : EMPTY);
  }

  /** keep: whether what was shown still holds. */
  fail(message, keep) {
    tell(this.note, message, true);
    if (keep) return;
    this.source.textContent = "";
    this.rows.replaceChildren();
    this.legend.hidden = true;
  }
}

const key = ([name, hue]) =>
  element("span", {}, element("i", { class: `key hue-${hue}`, "aria-hidden": "true" }), name);
