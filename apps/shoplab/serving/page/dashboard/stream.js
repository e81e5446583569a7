// How the stream is: how long a batch takes, how far behind it is, what it refused.

import { TimeChart } from "../charts/time_chart.js";
import { compact, count, duration } from "../format.js";
import { byField } from "../points.js";
import { NO_BATCH, Panel } from "./panel.js";

export function streamPanel() {
  const time = new TimeChart({ title: "Batch time and latency", unit: "time", format: duration });
  const lag = new TimeChart({ title: "Waiting in Kafka", unit: "events", format: count, tick: compact });
  const refused = new TimeChart({
    title: "Rejected and late",
    unit: "events a batch",
    format: count,
    tick: compact,
    stacked: true,
  });
  const panel = new Panel(
    "Stream health",
    "batches, lag, refused events",
    12,
    time.element,
    lag.element,
    refused.element,
  );
  panel.body.classList.add("three");
  panel.show = ({ stream_batch: batches, kafka }, problem) => {
    panel.say(batches.length ? "" : problem || NO_BATCH);
    const { times, values } = byField(batches, [
      "duration_ms",
      "latency_p50_ms",
      "latency_max_ms",
      "rejected",
      "dead",
      "late",
      "duplicates",
    ]);
    const line = (name, field, hue) => ({ name, hue, values: values.get(field) });
    time.show(times, [
      line("batch", "duration_ms", 1),
      line("latency, median", "latency_p50_ms", 3),
      line("latency, slowest", "latency_max_ms", 2),
    ]);
    refused.show(times, [
      line("rejected", "rejected", 5),
      line("dead letters", "dead", 4),
      line("late", "late", 2),
      line("duplicates", "duplicates", 6),
    ]);
    const known = kafka.filter(({ fields }) => fields.waiting !== undefined);
    lag.element.hidden = known.length === 0;
    const waiting = byField(known, ["waiting"]);
    lag.show(waiting.times, [{ name: "waiting", hue: 7, values: waiting.values.get("waiting") }]);
  };
  return panel;
}
