// The products with most events, by name; each opens in the shop.

import { ask, productPath } from "../api.js";
import { bars } from "../charts/bars.js";
import { element } from "../dom.js";
import { count, fullName } from "../format.js";
import { NO_BATCH, Panel } from "./panel.js";

const MOST = 10;

export function productsPanel() {
  const list = element("ol", { class: "bars" });
  const names = new Map();
  const panel = new Panel("Top products", "events, of each batch's ten", 4, list);
  panel.show = async ({ top_product: points }, problem) => {
    panel.say(points.length ? "" : problem || NO_BATCH);
    const top = totals(points);
    await Promise.all(top.map(([id]) => learn(names, id)));
    bars(
      list,
      top.map(([id, events]) => ({
        key: id,
        name: link(id, names.get(id)),
        value: events,
        text: count(events),
        hue: 1,
      })),
    );
  };
  return panel;
}

function totals(points) {
  const counted = new Map();
  for (const { fields } of points) {
    const id = String(fields.product_id);
    counted.set(id, (counted.get(id) ?? 0) + fields.events);
  }
  return [...counted].sort(([, a], [, b]) => b - a).slice(0, MOST);
}

/** A product that the catalogue does not know (yet) goes by its id, and is asked for again. */
async function learn(names, id) {
  if (names.has(id)) return;
  const found = await ask(productPath(id)).catch(() => null);
  if (found !== null) names.set(id, fullName(found));
}

const link = (id, name) => element("a", { href: `#try//${encodeURIComponent(id)}` }, name ?? `product ${id}`);
