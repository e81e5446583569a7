// How large the segments are, and how they move.

import { TimeChart } from "../charts/time_chart.js";
import { table } from "../charts/table.js";
import { element, tell } from "../dom.js";
import { count, NOTHING, percent, points } from "../format.js";
import { byTag, newest } from "../points.js";
import { Panel } from "./panel.js";

const NONE = "No segments yet: `./lab segment` makes them, and the stream (`./lab stream`) moves users between them.";
const NO_CHURN = "Who moved from one month to the next is told after a second `./lab segment`, of a later month.";

export function segmentsPanel() {
  const moves = new TimeChart({
    title: "Moves",
    unit: "share of all users since the first batch shown, percentage points",
    format: points,
    tick: (value) => points(value).replace(" pp", ""),
    balanced: true,
  });
  const sizes = element("div", { class: "scroll" });
  const churn = element("div", { class: "scroll" });
  const churnNote = element("p", { class: "note" });
  const panel = new Panel(
    "Segments",
    "sizes and moves",
    12,
    moves.element,
    element("div", {}, element("h3", {}, "Sizes"), sizes),
    element("div", { class: "whole" }, element("h3", {}, "From one segmentation to the next"), churnNote, churn),
  );
  panel.show = ({ segment_size: sized, segment_centre: centres, segment_churn: churned }, problem) => {
    panel.say(sized.length || churned.length ? "" : problem || NONE);
    const { times, values } = byTag(sized, "segment", "all_share");
    const names = [...values.keys()].sort();
    moves.show(
      times,
      names.map((name, place) => ({ name, hue: (place % 8) + 1, values: sinceTheFirst(values.get(name)) })),
    );
    sizes.replaceChildren(sizeTable(newest(sized), newest(centres)));
    tell(churnNote, churned.length ? "" : NO_CHURN);
    churn.replaceChildren(churned.length ? churnTable(newest(churned)) : "");
  };
  return panel;
}

function sinceTheFirst(shares) {
  const first = shares.find((share) => share !== null);
  return shares.map((share) => (share === null ? null : 100 * (share - first)));
}

function sizeTable(sizes, centres) {
  const drift = new Map(centres.map(({ tags, fields }) => [tags.segment, fields.drift]));
  const rows = sizes
    .toSorted((a, b) => b.fields.all_users - a.fields.all_users)
    .map(({ tags, fields }) => [
      tags.segment,
      count(fields.all_users),
      percent(fields.all_share),
      count(fields.users),
      drift.has(tags.segment) ? drift.get(tags.segment).toFixed(2) : NOTHING,
    ]);
  return table("Segments in the newest batch", ["Segment", "Users", "Share", "In batch", "Drift"], rows);
}

function churnTable(churned) {
  const rows = churned.map(({ tags, fields }) => [
    tags.segment,
    ...["stayed", "left", "joined", "new"].map((name) => count(fields[name] ?? 0)),
  ]);
  return table("Users between two segmentations", ["Segment", "Stayed", "Left", "Joined", "New"], rows);
}
