// Grid lines and labels of a chart: values at the left, times below.

import { shape } from "../dom.js";
import { clockOf } from "../format.js";
import { timeTicks } from "./scale.js";

const PIXELS_A_LABEL = 80;

/** chart: has x, y, times, tick and height. left: where the lines begin, in pixels. */
export function axes(chart, values, left, width) {
  return shape(
    "g",
    { class: "axes" },
    ...values.map((value) => valueTick(chart, value, left, width)),
    ...timeLabels(chart, left, width),
  );
}

function valueTick({ y, tick }, value, left, width) {
  const at = y(value);
  const line = shape("line", { class: value === 0 ? "zero" : "grid", x1: left, x2: width - 4, y1: at, y2: at });
  return shape("g", {}, line, shape("text", { x: left - 6, y: at + 4, "text-anchor": "end" }, tick(value)));
}

function timeLabels({ x, times, height }, left, width) {
  const [from, to] = [times[0].getTime(), times.at(-1).getTime()];
  const { ticks, withSeconds } = timeTicks(from, to, Math.max(1, Math.floor((width - left) / PIXELS_A_LABEL)));
  const reach = withSeconds ? 28 : 18;
  return ticks
    .filter((at) => x(at) + reach <= width && x(at) - reach >= left - 30)
    .map((at) =>
      shape("text", { x: x(at), y: height - 5, "text-anchor": "middle" }, clockOf(new Date(at), withSeconds)),
    );
}
