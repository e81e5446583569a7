// The dashboard: every measurement is asked for every round, and each panel shows its own.

import { ask } from "../api.js";
import { find, tell } from "../dom.js";
import { clock, duration } from "../format.js";
import { PointHistory } from "../points.js";
import { activityPanel } from "./activity.js";
import { funnelPanel } from "./funnel.js";
import { productsPanel } from "./products.js";
import { qualityPanel } from "./quality.js";
import { segmentsPanel } from "./segments.js";
import { streamPanel } from "./stream.js";
import { Tiles } from "./tiles.js";

const BATCHES = 60;
const STALE_MS = 60_000;
const LIMITS = {
  stream_batch: BATCHES,
  activity: BATCHES * 5,
  segment_size: BATCHES * 10,
  segment_churn: 50,
  segment_centre: 50,
  top_product: BATCHES * 10,
  recommendation_quality: BATCHES * 36,
  learning: BATCHES,
  kafka: BATCHES,
  shop_funnel: 8,
};
const OF_BATCHES = ["activity", "segment_size", "top_product", "recommendation_quality", "learning"];

export class Dashboard {
  constructor() {
    this.histories = Object.entries(LIMITS).map(([measurement, limit]) => new PointHistory(measurement, limit));
    this.tiles = new Tiles(find("tiles"));
    this.panels = [activityPanel(), funnelPanel(), segmentsPanel(), streamPanel(), qualityPanel(), productsPanel()];
    find("panels").append(...this.panels.map((panel) => panel.element));
    this.types = null;
  }

  open() {
    this.refresh();
  }

  /** One round; what a measurement can't give leaves the others as they are. */
  async refresh() {
    if (document.hidden) return;
    const [types, ...found] = await Promise.allSettled([
      this.eventTypes(),
      ...this.histories.map((history) => history.refresh()),
    ]);
    const problem = found.find((result) => result.status === "rejected")?.reason.message ?? "";
    const data = this.data();
    data.types = types.value ?? [];
    this.tiles.show(data);
    for (const panel of this.panels) panel.show(data, problem);
    this.tellFreshness(data.stream_batch, problem);
  }

  /** Points by measurement, those of batches no older than the first batch shown. */
  data() {
    const data = Object.fromEntries(this.histories.map(({ measurement, points }) => [measurement, points]));
    const first = Date.parse(data.stream_batch[0]?.time ?? 0);
    for (const measurement of OF_BATCHES)
      data[measurement] = data[measurement].filter(({ time }) => Date.parse(time) >= first);
    return data;
  }

  async eventTypes() {
    this.types ??= (await ask("/vocabulary")).event_types;
    return this.types;
  }

  tellFreshness(batches, problem) {
    if (problem) return tell(find("freshness"), `${problem} Shown is what was known before.`, true);
    if (batches.length === 0)
      return tell(
        find("freshness"),
        "Nothing has been measured yet. `./lab stream` starts the stream, `./lab replay FILE` plays a month.",
      );
    const newest = new Date(batches.at(-1).time);
    const age = Date.now() - newest;
    const last = `The last ${batches.length} batches, the newest of ${clock(newest)}.`;
    if (age < STALE_MS) return tell(find("freshness"), `${last} Refreshed every 5 s.`);
    return tell(
      find("freshness"),
      `${last} That was ${duration(age)} ago: \`./lab status\` shows whether the stream runs, \`./lab replay FILE\` plays events.`,
    );
  }
}
