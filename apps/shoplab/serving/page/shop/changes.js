// What an event has changed: two lists and two profiles compared.

import { several } from "../format.js";

/** by product: { word, kind: "new", "up" or "down" } and whether its reason is another one; and how many of each. */
export function compare(before, after) {
  const places = new Map(before.map((item) => [item.product_id, item]));
  const marks = new Map();
  const counts = { new: 0, moved: 0, reasons: 0, left: 0 };
  for (const item of after) {
    const old = places.get(item.product_id);
    const otherReason = old !== undefined && old.why !== item.why;
    marks.set(item.product_id, { ...moved(old, item), otherReason });
    if (old === undefined) counts.new += 1;
    else if (old.rank !== item.rank) counts.moved += 1;
    if (otherReason) counts.reasons += 1;
  }
  const still = new Set(after.map((item) => item.product_id));
  counts.left = before.filter((item) => !still.has(item.product_id)).length;
  return { marks, counts };
}

function moved(old, item) {
  if (old === undefined) return { kind: "new", word: "new", said: "new in the list" };
  const up = old.rank - item.rank;
  if (up === 0) return { kind: null };
  const places = `${Math.abs(up)} ${Math.abs(up) === 1 ? "place" : "places"}`;
  return up > 0
    ? { kind: "up", word: `↑ ${up}`, said: `up ${places}` }
    : { kind: "down", word: `↓ ${-up}`, said: `down ${places}` };
}

export function listInWords({ counts }) {
  const told = [several(counts.new, "new"), several(counts.moved, "moved"), several(counts.left, "left")];
  const words = told.filter(Boolean).join(", ");
  const reasons = counts.reasons === 0 ? "" : `${words ? "; " : ""}${several(counts.reasons, "with another reason")}`;
  return words || reasons ? `List: ${words}${reasons}.` : "List: as before.";
}

/** "" where the segment is the same. */
export function segmentInWords(before, after) {
  if (!before || !after || before.segment_name === after.segment_name) return "";
  return `Segment: ${after.segment_name ?? "none yet"} (was: ${before.segment_name ?? "none yet"}).`;
}
