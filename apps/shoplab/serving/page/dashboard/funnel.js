// From views to purchases: the stream's events, and the sessions of the month that was analysed.

import { bars } from "../charts/bars.js";
import { element, tell } from "../dom.js";
import { count, percent } from "../format.js";
import { newest, sum } from "../points.js";
import { NO_BATCH, Panel } from "./panel.js";

const MONTH_STEPS = ["viewed", "carted", "purchased", "abandoned"];
const NO_MONTH = "No month is analysed yet: `./lab ingest FILE`, then `./lab analyse`.";

export function funnelPanel() {
  const live = element("ol", { class: "bars" });
  const month = element("ol", { class: "bars" });
  const monthTitle = element("h3", {}, "Sessions of the month");
  const liveNote = element("p", { class: "note" });
  const monthNote = element("p", { class: "note" });
  const panel = new Panel(
    "Funnel",
    "view to purchase",
    4,
    element("h3", {}, "Events, batches shown"),
    liveNote,
    live,
    monthTitle,
    monthNote,
    month,
  );
  panel.show = ({ activity, types, shop_funnel: sessions }, problem) => {
    tell(liveNote, activity.length ? "" : problem || NO_BATCH);
    bars(live, activity.length ? liveSteps(activity, types) : []);
    const steps = newest(sessions);
    tell(monthNote, steps.length ? "" : problem || NO_MONTH);
    monthTitle.textContent = steps.length ? `Sessions of ${steps[0].time.slice(0, 7)}` : "Sessions of the month";
    bars(month, monthSteps(steps), 1);
  };
  return panel;
}

/** Each step's events, and how many of the step before that is. */
function liveSteps(activity, types) {
  let before = null;
  return types
    .map(({ name, step }, place) => ({ name, step, hue: place + 1 }))
    .filter(({ step }) => step)
    .map(({ name, step, hue }) => {
      const value = sum(activity.filter((point) => point.tags.event_type === name).map((point) => point.fields.events));
      const text = before ? `${count(value)} · ${percent(value / before)}` : count(value);
      before = value;
      return { name: step, value, text, hue };
    });
}

function monthSteps(steps) {
  const found = steps.toSorted((a, b) => MONTH_STEPS.indexOf(a.tags.step) - MONTH_STEPS.indexOf(b.tags.step));
  return found.map(({ tags, fields }) => ({
    name: tags.step,
    value: fields.share,
    text: `${count(fields.sessions)} · ${percent(fields.share)}`,
    hue: tags.step === "abandoned" ? 5 : 6,
  }));
}
