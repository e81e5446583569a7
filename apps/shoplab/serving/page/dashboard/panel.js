// A card of the dashboard: a heading, a sentence where something is missing, and what it shows.

import { element, tell } from "../dom.js";

export class Panel {
  /** wide: 4, 6, 8 or 12 of the grid's columns. about: what is shown, in a few words. */
  constructor(title, about, wide, ...shown) {
    const id = `panel-${title.toLowerCase().replaceAll(" ", "-")}`;
    this.note = element("p", { class: "note", hidden: true });
    this.about = element("small", {}, about);
    this.body = element("div", { class: "body" }, ...shown);
    const heading = element("h2", { id }, title, " ", this.about);
    this.element = element(
      "section",
      { class: `card wide-${wide}`, "aria-labelledby": id },
      heading,
      this.note,
      this.body,
    );
  }

  /** With a sentence the body hides, unless it has something to show still. */
  say(text, { isError = false, keep = false } = {}) {
    tell(this.note, text, isError);
    this.body.hidden = text !== "" && !keep;
  }
}

export const NO_BATCH =
  "No batch yet. Start the stream with `./lab stream`, then play events in another terminal: `./lab replay FILE --rate 100`.";
