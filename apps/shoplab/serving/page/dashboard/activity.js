// What people do, batch by batch.

import { TimeChart } from "../charts/time_chart.js";
import { compact, count } from "../format.js";
import { byTag } from "../points.js";
import { NO_BATCH, Panel } from "./panel.js";

const REVENUE_HUE = 3;

export function activityPanel() {
  const events = new TimeChart({
    title: "Events by type",
    unit: "events a batch",
    format: count,
    tick: compact,
    stacked: true,
    height: 280,
  });
  const revenue = new TimeChart({ title: "Revenue", unit: "money a batch", format: count, tick: compact, height: 280 });
  const panel = new Panel("Activity", "what shoppers do", 8, events.element, revenue.element);
  panel.show = ({ activity, types }, problem) => {
    panel.say(activity.length ? "" : problem || NO_BATCH);
    const counted = byTag(activity, "event_type", "events", 0);
    const paid = byTag(activity, "event_type", "revenue", 0).values;
    const shown = types.filter(({ name, counted: always }) => always || counted.values.has(name));
    const nothing = counted.times.map(() => 0);
    events.show(
      counted.times,
      shown.map(({ name }, place) => ({
        name: name.replaceAll("_", " "),
        hue: place + 1,
        values: counted.values.get(name) ?? nothing,
      })),
    );
    const total = nothing.map((_, place) => [...paid.values()].reduce((all, values) => all + values[place], 0));
    revenue.show(counted.times, [{ name: "paid, less refunds", hue: REVENUE_HUE, values: total }]);
  };
  return panel;
}
