// Who is shopping, what they did lately, and what came of it.

import { element, find, tell } from "../dom.js";
import { clock, fullName, percent } from "../format.js";

const LOG_LINES = 8;
const RECENT = 8;

export class ShopperView {
  constructor() {
    this.facts = element("dl", { class: "facts" });
    this.note = element("p", { class: "note", hidden: true });
    this.recent = element("ol", { class: "recent" });
    this.recentNote = element("p", { class: "quiet" });
    this.log = element("ol", { class: "log", "aria-labelledby": "log-title" });
    find("shopper").append(
      this.note,
      this.facts,
      element("h3", {}, "Lately"),
      this.recentNote,
      this.recent,
      element("h3", { id: "log-title" }, "What came of it"),
      this.log,
    );
    this.clearLog();
  }

  /** was: the name of the segment before, where it is another one now. */
  show(shopper, profile, was = null) {
    this.settle();
    const segment = element(
      "dd",
      { class: was ? "changed" : null },
      profile.segment_name ?? "none yet",
      was && element("small", {}, ` was ${was}`),
    );
    const alive = profile.p_alive === null || profile.p_alive === undefined ? "–" : percent(profile.p_alive, 0);
    this.facts.replaceChildren(
      ...fact(shopper.isVisitor ? "Visitor" : "User", profile.user_id),
      element("dt", {}, "Segment"),
      segment,
      ...fact("RFM class", profile.rfm_class ?? "–"),
      ...fact("P(alive)", alive),
    );
    this.recentNote.textContent = profile.recent.length ? "" : lacking(shopper.kept.length);
    this.recent.replaceChildren(...profile.recent.slice(0, RECENT).map(recentEvent));
  }

  /** All is well again. */
  settle() {
    tell(this.note, "");
  }

  fail(message) {
    tell(this.note, message, true);
  }

  clearLog() {
    this.log.replaceChildren(element("li", { class: "quiet" }, "Every click is told here."));
  }

  addToLog(line) {
    if (this.log.firstElementChild?.matches(".quiet")) this.log.replaceChildren();
    this.log.prepend(element("li", {}, element("time", {}, clock(new Date())), " ", line));
    while (this.log.childElementCount > LOG_LINES) this.log.lastElementChild.remove();
  }
}

const lacking = (kept) => (kept ? `${kept} kept in this browser, none sent yet.` : "Nothing yet: click a product.");

const fact = (name, value) => [element("dt", {}, name), element("dd", {}, value)];

function recentEvent(event) {
  const time = new Date(event.event_time.replace(" UTC", "Z").replace(" ", "T"));
  const word = element("span", { class: `type ${event.event_type}` }, event.event_type.replaceAll("_", " "));
  return element(
    "li",
    {},
    word,
    " ",
    fullName(event),
    " ",
    element("time", { datetime: event.event_time }, moment(time)),
  );
}

/** The day only where it is not today. */
function moment(time) {
  if (Number.isNaN(time.getTime())) return "";
  const isToday = time.toDateString() === new Date().toDateString();
  return isToday ? clock(time) : `${time.toISOString().slice(0, 10)} ${clock(time)}`;
}
