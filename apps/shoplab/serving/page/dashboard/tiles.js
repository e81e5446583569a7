// The newest figures, large.

import { element } from "../dom.js";
import { compact, count, decimal, duration, NOTHING, percent } from "../format.js";
import { newest, sum } from "../points.js";

export class Tiles {
  constructor(place) {
    this.values = new Map();
    for (const [label, unit] of [
      ["Events", "a second"],
      ["Revenue", "in the batches shown"],
      ["Batch time", "newest batch"],
      ["Lag", "event to stored, median"],
      ["Rejected", "in the batches shown"],
      ["hit@20", "lists served, 15 min"],
    ]) {
      const value = element("b", {}, NOTHING);
      this.values.set(label, value);
      place.append(element("p", { class: "tile" }, element("span", {}, label), value, element("small", {}, unit)));
    }
  }

  show({ stream_batch: batches, activity, recommendation_quality: quality }) {
    const last = batches.at(-1)?.fields;
    const served = newest(quality).find(({ tags }) => tags.list === "served" && tags.segment === "all");
    this.set("Events", rate(batches), (value) => decimal(value, value < 10 ? 1 : 0));
    this.set("Revenue", batches.length ? sum(activity.map((point) => point.fields.revenue)) : null, compact);
    this.set("Batch time", last?.duration_ms, duration);
    this.set("Lag", last?.latency_p50_ms, duration);
    this.set("Rejected", batches.length ? sum(batches.map((point) => point.fields.rejected)) : null, count);
    this.set("hit@20", served?.fields.hit20, percent);
  }

  set(label, value, word) {
    this.values.get(label).textContent = value === null || value === undefined ? NOTHING : word(value);
  }
}

/** Events a second, from the second batch shown on: before the first one nobody knows how long it took. */
function rate(batches) {
  if (batches.length < 2) return null;
  const span = (Date.parse(batches.at(-1).time) - Date.parse(batches[0].time)) / 1000;
  return span > 0 ? sum(batches.slice(1).map((point) => point.fields.rows)) / span : null;
}
