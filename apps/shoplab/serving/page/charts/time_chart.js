// Lines or stacked columns over time, with axes, a legend that tells values, and the same in words and as a table.
// The pointer, or the arrow keys on the focused chart, move along time.

import { element, shape, spoken } from "../dom.js";
import { clock, NOTHING } from "../format.js";
import { axes } from "./axes.js";
import { linear, niceTicks } from "./scale.js";
import { table } from "./table.js";

const MARGIN = { top: 8, right: 8, bottom: 22 };
const KEYS = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity };

export class TimeChart {
  /** unit: what y counts. format: a value in words, tick: at the axis. stacked: columns. balanced: 0 in the middle. */
  constructor({ title, unit, format, tick = format, stacked = false, balanced = false, height = 180 }) {
    Object.assign(this, { title, unit, format, tick, stacked, balanced, height });
    this.times = [];
    this.series = [];
    this.at = null; // the place in `times` that is looked at; null: the newest
    this.drawing = shape("svg", { "aria-hidden": "true", height });
    this.along = element(
      "div",
      { class: "plot", role: "slider", tabindex: 0, "aria-label": `${title}: moment` },
      this.drawing,
    );
    this.legend = element("ul", { class: "legend" });
    this.moment = element("p", { class: "moment" });
    this.summary = spoken("");
    this.rows = element("div", { class: "scroll" });
    this.details = element("details", {}, element("summary", {}, "As a table", spoken(`: ${title}`)), this.rows);
    this.element = element(
      "figure",
      { class: "chart" },
      element("figcaption", {}, element("h3", {}, title), this.moment),
      this.legend,
      element("p", { class: "unit" }, `${unit} · local time`),
      this.along,
      this.summary,
      this.details,
    );
    this.listen();
  }

  listen() {
    this.along.addEventListener("keydown", (event) => this.walk(event));
    this.along.addEventListener("pointermove", (event) => this.look(this.nearest(event)));
    for (const end of ["pointerleave", "blur"]) this.along.addEventListener(end, () => this.look(null));
    this.details.addEventListener("toggle", () => this.tabulate());
    new ResizeObserver(() => this.draw()).observe(this.along);
  }

  /** times: dates, oldest first. series: [{ name, values (null: none), hue: 1 to 8 }]. */
  show(times, series) {
    this.times = times;
    this.series = series;
    this.summary.textContent = this.inWords();
    this.draw();
    if (this.details.open) this.tabulate();
  }

  draw() {
    const width = this.along.clientWidth;
    if (!width || this.times.length === 0) return;
    const stacks = this.stacked ? stackedUp(this.series) : this.series.map((one) => ({ low: null, high: one.values }));
    const ticks = niceTicks(...this.range(stacks));
    const left = 10 + 7 * Math.max(...ticks.map((value) => this.tick(value).length));
    const [from, to] = [this.times[0].getTime(), this.times.at(-1).getTime()];
    this.step = (width - MARGIN.right - left) / this.times.length;
    const edge = this.stacked ? this.step / 2 : 0;
    this.x = linear([from, to], [left + edge, width - MARGIN.right - edge]);
    this.y = linear([ticks[0], ticks.at(-1)], [this.height - MARGIN.bottom, MARGIN.top]);
    this.drawing.setAttribute("width", width);
    this.drawing.setAttribute("viewBox", `0 0 ${width} ${this.height}`);
    this.drawing.replaceChildren(
      axes(this, ticks, left, width),
      ...stacks.flatMap((stack, place) => this.drawn(stack, this.series[place])),
    );
    this.cursor = shape("line", {
      class: "cursor",
      y1: MARGIN.top,
      y2: this.height - MARGIN.bottom,
      visibility: "hidden",
    });
    this.drawing.append(this.cursor);
    this.tellMoment();
  }

  range(stacks) {
    const values = stacks.flatMap((stack) => stack.high).filter((value) => value !== null);
    const [least, most] = [Math.min(0, ...values), Math.max(0, ...values)];
    if (!this.balanced) return [least, most || 1];
    const reach = Math.max(-least, most) || 0.5;
    return [-reach, reach];
  }

  drawn({ low, high }, { hue }) {
    const points = high.map((value, place) =>
      value === null ? null : [this.x(this.times[place].getTime()), this.y(value)],
    );
    const found = points.filter((point) => point !== null);
    if (low !== null) return [shape("path", { class: `column hue-${hue}`, d: this.columns(low, points) })];
    if (found.length === 1)
      return [shape("circle", { class: `dot hue-${hue}`, cx: found[0][0], cy: found[0][1], r: 3 })];
    return [shape("path", { class: `line hue-${hue}`, d: found.length ? `M${joined(found)}` : "" })];
  }

  /** From where the column below ends to the points; nothing where it is 0. */
  columns(low, points) {
    const width = Math.max(1, this.step * 0.8);
    const drawn = points.map(([x, y], place) => {
      const height = this.y(low[place]) - y;
      return height > 0
        ? `M${(x - width / 2).toFixed(1)} ${y.toFixed(1)}h${width.toFixed(1)}v${height.toFixed(1)}h${-width.toFixed(1)}z`
        : "";
    });
    return drawn.join("");
  }

  walk(event) {
    if (event.key === "Escape") this.look(null);
    if (!(event.key in KEYS)) return;
    event.preventDefault();
    const last = this.times.length - 1;
    this.look(Math.min(last, Math.max(0, (this.at ?? last) + KEYS[event.key])));
  }

  nearest(event) {
    const x = event.clientX - this.along.getBoundingClientRect().left;
    const far = this.times.map((time) => Math.abs(this.x(time.getTime()) - x));
    return far.indexOf(Math.min(...far));
  }

  look(place) {
    this.at = place;
    this.tellMoment();
  }

  /** The values at the cursor, else the newest ones, in the legend and to a screen reader. */
  tellMoment() {
    if (this.times.length === 0 || !this.cursor) return;
    const last = this.times.length - 1;
    const place = Math.min(this.at ?? last, last);
    const told = this.series.map((one) => ({ ...one, text: this.word(one.values[place]) }));
    this.moment.textContent = `${this.at === null ? "newest, " : "at "}${clock(this.times[place])}`;
    this.legend.replaceChildren(...told.map(entry));
    const x = this.x(this.times[place].getTime());
    for (const end of ["x1", "x2"]) this.cursor.setAttribute(end, x);
    this.cursor.setAttribute("visibility", this.at === null ? "hidden" : "visible");
    const slider = {
      min: 0,
      max: last,
      now: place,
      text: `${clock(this.times[place])}: ${told.map(({ name, text }) => `${name} ${text}`).join(", ")}`,
    };
    for (const [name, value] of Object.entries(slider)) this.along.setAttribute(`aria-value${name}`, value);
  }

  word = (value) => (value === null || value === undefined ? NOTHING : this.format(value));

  inWords() {
    if (this.times.length === 0) return "";
    const told = this.series.map(({ name, values }) => {
      const known = values.filter((value) => value !== null);
      if (known.length === 0) return `${name}: none`;
      const [newest, least, most] = [known.at(-1), Math.min(...known), Math.max(...known)].map(this.format);
      return `${name}: newest ${newest}, least ${least}, most ${most}`;
    });
    return `${this.title}, ${this.unit}, ${clock(this.times[0])} to ${clock(this.times.at(-1))}. ${told.join(". ")}.`;
  }

  tabulate() {
    const rows = this.times.map((time, place) => [
      clock(time),
      ...this.series.map(({ values }) => this.word(values[place])),
    ]);
    const heads = ["Time", ...this.series.map(({ name }) => name)];
    this.rows.replaceChildren(
      this.details.open ? table(`${this.title}, ${this.unit}`, heads, rows.slice(-20).reverse()) : "",
    );
  }
}

const joined = (points) => points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L");

const entry = ({ name, hue, text }) =>
  element(
    "li",
    {},
    element("i", { class: `key hue-${hue}`, "aria-hidden": "true" }),
    `${name} `,
    element("b", {}, text),
  );

function stackedUp(series) {
  let floor = series[0]?.values.map(() => 0) ?? [];
  return series.map(({ values }) => {
    const low = floor;
    floor = values.map((value, place) => low[place] + Math.max(0, value ?? 0));
    return { low, high: floor };
  });
}
