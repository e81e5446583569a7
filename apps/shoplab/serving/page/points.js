// Metric points from GET /points/{measurement}, kept here so that every round asks for the new ones only.

import { ask } from "./api.js";

const OVERLAP_MS = 60_000; // some fields of a batch's point are written a little later

export class PointHistory {
  /** limit: of the newest points that are kept. */
  constructor(measurement, limit) {
    this.measurement = measurement;
    this.limit = limit;
    this.points = [];
  }

  /** The points, oldest first. */
  async refresh() {
    const since = this.points.length ? `&since=${encodeURIComponent(before(this.points.at(-1).time))}` : "";
    const answer = await ask(`/points/${this.measurement}?limit=${this.limit}${since}`);
    this.points = merged(this.points, answer.points).slice(-this.limit);
    return this.points;
  }
}

const before = (time) => new Date(Date.parse(time) - OVERLAP_MS).toISOString();

/** A point's identity is its time and tags: a newer copy takes an older one's place. */
function merged(old, fresh) {
  const all = new Map([...old, ...fresh].map((point) => [`${point.time} ${JSON.stringify(point.tags)}`, point]));
  return [...all.values()].sort((a, b) => Date.parse(a.time) - Date.parse(b.time));
}

/** The times that points have, oldest first, and for each value of a tag a field at those times; `missing` where none. */
export function byTag(points, tag, field, missing = null) {
  const times = [...new Set(points.map((point) => point.time))];
  const places = new Map(times.map((time, place) => [time, place]));
  const values = new Map();
  for (const point of points) {
    const name = point.tags[tag];
    if (!values.has(name)) values.set(name, Array(times.length).fill(missing));
    values.get(name)[places.get(point.time)] = point.fields[field] ?? missing;
  }
  return { times: times.map((time) => new Date(time)), values };
}

/** Some fields of points without tags. */
export function byField(points, fields) {
  const values = new Map(fields.map((field) => [field, points.map((point) => point.fields[field] ?? null)]));
  return { times: points.map((point) => new Date(point.time)), values };
}

export const newest = (points) => points.filter((point) => point.time === points.at(-1)?.time);
export const sum = (values) => values.reduce((total, value) => total + (value ?? 0), 0);
