// Were the lists right? Each event is judged before it is learned from (docs/learning.md).

import { TimeChart } from "../charts/time_chart.js";
import { element, tell } from "../dom.js";
import { count, decimal, percent } from "../format.js";
import { byTag, newest } from "../points.js";
import { Panel } from "./panel.js";

const LISTS = [
  ["served", "served", 1],
  ["base", "model alone", 4],
  ["popularity", "popularity", 6],
]; // tag, legend, hue
const NONE =
  "No list has been judged yet: that takes a model (`./lab train`), the stream (`./lab stream`) and events (`./lab replay FILE`).";

export function qualityPanel() {
  const hit = new TimeChart({
    title: "hit@20",
    unit: "share of events whose product was in the list",
    height: 280,
    format: percent,
    tick: (value) => percent(value, 0),
  });
  const mrr = new TimeChart({
    title: "MRR@20",
    unit: "mean of 1 / place in the list",
    height: 280,
    format: (value) => decimal(value, 3),
    tick: (value) => decimal(value, 2),
  });
  const learned = element("p", { class: "whole quiet" });
  const panel = new Panel(
    "Quality",
    "of the lists, over the last 15 minutes at each moment",
    8,
    hit.element,
    mrr.element,
    learned,
  );
  panel.show = ({ recommendation_quality: quality, learning }, problem) => {
    const whole = quality.filter(({ tags }) => tags.segment === "all");
    panel.say(whole.length ? "" : problem || NONE);
    for (const [chart, field] of [
      [hit, "hit20"],
      [mrr, "mrr20"],
    ]) {
      const { times, values } = byTag(whole, "list", field);
      chart.show(
        times,
        LISTS.filter(([list]) => values.has(list)).map(([list, name, hue]) => ({
          name,
          hue,
          values: values.get(list),
        })),
      );
    }
    tell(learned, inWords(newest(whole), learning.at(-1)?.fields));
  };
  return panel;
}

function inWords(judged, learning) {
  const cases = judged[0] ? `${count(judged[0].fields.cases)} events judged.` : "";
  if (!learning) return cases;
  const use = learning.increment ? `Increment ${count(learning.increment)} is in use` : "No increment is in use yet";
  return `${cases} ${use}; ${percent(learning.unknown_share ?? 0)} of the newest events are on products the model does not know.`;
}
