// The live page: recommendations on request, the stream's newest metrics every five seconds.
"use strict";

const REFRESH_MS = 5000;
const BATCHES = 60;
const PARTS = ["collaborative", "content", "segment"];
let eventTypes = [];  // {name, counted}; those that are not counted are shown only where there are any
const SVG = "http://www.w3.org/2000/svg";

const find = (id) => document.getElementById(id);
const number = (value, digits = 0) => value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
const duration = (ms) => (ms < 1000 ? `${number(ms)} ms` : `${number(ms / 1000, 1)} s`);

// Text goes in as text, never as markup: ids and names come from outside.
function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined && text !== null) made.textContent = text;
  if (className) made.className = className;
  return made;
}

async function ask(path) {
  const response = await fetch(path);
  const body = await response.json();
  if (!response.ok) throw new Error(body.error);
  return body;
}

// Recommendations

async function recommend(user) {
  const who = find("who");
  try {
    const answer = await ask(`/recommendations/${encodeURIComponent(user)}`);
    const source = { live: "live, from the stream", model: "from the model", popular: "popular products, for the model has not met this user" }[answer.source];
    who.className = "note";
    who.replaceChildren("User ", element("b", answer.user_id), answer.segment === null ? ", in no segment yet" : ", segment ",
      element("b", answer.segment_name), ` · ${source} · model ${answer.model_version ?? "none"}`);
    showItems(answer.items);
  } catch (error) {
    who.className = "note error";
    who.textContent = error.message;
    showItems([]);
  }
}

function showItems(items) {
  const best = Math.max(...items.map((item) => PARTS.reduce((sum, part) => sum + Math.max(0, item[part]), 0)), 1e-9);
  find("items").tBodies[0].replaceChildren(...items.map((item) => itemRow(item, best)));
  find("items").hidden = find("legend").hidden = items.length === 0;
}

function itemRow(item, best) {
  const row = element("tr");
  const product = element("td", item.category_code ?? "no category");
  product.append(element("small", item.product_id));
  const score = element("div", undefined, "score");
  score.append(stack(item, best), number(item.score, 3));
  const cell = element("td");
  cell.append(score);
  const price = item.price === null ? "–" : number(item.price, 2);
  const why = element("td", item.why);
  why.append(element("small", sources(item).slice(0, 3).join(" · ")));
  row.append(element("td", item.rank, "num"), product, element("td", item.brand ?? "–"), element("td", price, "num"), cell, why);
  return row;
}

// "neighbours 0.41", the largest first; none of batches from before sources were told apart.
function sources(item) {
  const told = Object.entries(item.sources).filter(([, part]) => part !== 0).sort(([, a], [, b]) => Math.abs(b) - Math.abs(a));
  return told.map(([name, part]) => `${name} ${number(part, 2)}`);
}

function stack(item, best) {
  const bar = element("div", undefined, "stack");
  const parts = PARTS.map((part) => `${part} ${number(item[part], 3)}`).join(", ");
  bar.title = [parts, ...sources(item)].join("\n");
  for (const part of PARTS) {
    const piece = element("i", undefined, part);
    piece.style.width = `${(100 * Math.max(0, item[part])) / best}%`;
    bar.append(piece);
  }
  return bar;
}

async function another() {
  try {
    const { users } = await ask("/users/sample?n=50");
    if (users.length === 0) throw new Error("No users are known yet: run ./lab segment, or start the stream.");
    find("user").value = users[Math.floor(Math.random() * users.length)].user_id;
    await recommend(find("user").value);
  } catch (error) {
    find("who").textContent = error.message;
  }
}

// Stream

const newestOf = (points) => points.filter((point) => point.time === points.at(-1)?.time);

async function refresh() {
  try {
    if (eventTypes.length === 0) eventTypes = (await ask("/vocabulary")).event_types;
    const recent = (name, limit) => ask(`/metrics/${name}?limit=${limit}`).then((answer) => answer.points);
    const [health, batches, activity, sizes, products] = await Promise.all([
      ask("/health"), recent("stream_batch", BATCHES), recent("activity", BATCHES * eventTypes.length),
      recent("segment_size", 50), recent("top_product", 10),
    ]);
    showHealth(health);
    showBatches(batches);
    showEvents(activity, batches);
    await showSegments(newestOf(sizes));
    showProducts(newestOf(products));
  } catch (error) {
    showHealth({ status: "degraded", problems: { api: error.message } });
  }
}

function showHealth(health) {
  const said = Object.entries(health.problems).map(([what, problem]) => `${what}: ${problem}`);
  find("health").className = health.status;
  find("health").lastElementChild.textContent = health.model ? `${health.status} · model ${health.model.version}` : health.status;
  find("problems").textContent = said.join("\n");
  find("problems").hidden = said.length === 0;
}

function showBatches(points) {
  find("fresh").textContent = points.length ? `newest batch ${points.at(-1).time.slice(0, 19).replace("T", " ")} UTC` : "no batches yet: ./lab stream";
  const series = (field) => points.map((point) => point.fields[field] ?? 0);
  for (const [id, field, word] of [["rows", "rows", number], ["duration", "duration_ms", duration], ["latency", "latency_p50_ms", duration]]) {
    const values = series(field);
    find(id).textContent = values.length ? word(values.at(-1)) : "–";
    chart(find(`${id}-chart`), values);
  }
}

function chart(svg, values) {
  const top = Math.max(...values, 1);
  const step = 100 / Math.max(values.length - 1, 1);
  const line = values.map((value, index) => `${(index * step).toFixed(2)} ${(40 - (38 * value) / top).toFixed(2)}`).join(" L");
  svg.setAttribute("viewBox", "0 0 100 41");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.replaceChildren(...(values.length > 1 ? [path(`M0 41 L${line} L100 41 Z`, "area"), path(`M${line}`, "")] : []));
}

function path(shape, className) {
  const made = document.createElementNS(SVG, "path");
  made.setAttribute("d", shape);
  made.setAttribute("class", className);
  return made;
}

function showEvents(activity, batches) {
  const totals = new Map(eventTypes.filter((type) => type.counted).map((type) => [type.name, 0]));
  const since = batches[0]?.time ?? "";
  for (const point of activity.filter((entry) => entry.time >= since)) totals.set(point.tags.event_type, (totals.get(point.tags.event_type) ?? 0) + point.fields.events);
  find("events-span").textContent = batches.length ? `last ${batches.length} batches` : "";
  bars("events", activity.length ? [...totals].map(([name, count]) => ({ name, count })) : []);
}

async function showSegments(points) {
  const table = await ask("/segments").catch(() => ({ segments: [] }));
  const names = new Map(table.segments.map((entry) => [String(entry.segment), entry.segment_name]));
  const live = points.map((point) => ({ name: names.get(point.tags.segment) ?? point.tags.segment, count: point.fields.users }));
  find("segments-span").textContent = live.length ? "users, newest batch" : "users, all";
  bars("segments", live.length ? live : table.segments.map((entry) => ({ name: entry.segment_name, count: entry.users })));
}

function showProducts(points) {
  const ranked = points.toSorted((a, b) => Number(a.tags.rank) - Number(b.tags.rank));
  bars("products", ranked.map((point) => ({ name: String(point.fields.product_id), count: point.fields.events })));
}

function bars(id, rows) {
  const most = Math.max(...rows.map((row) => row.count), 1);
  const lines = rows.map(({ name, count }) => {
    const line = element("li");
    const track = element("span", undefined, "track");
    const fill = element("i");
    fill.style.width = `${(100 * count) / most}%`;
    track.append(fill);
    const label = element("span", name, "name");
    label.title = name;
    line.append(label, track, element("span", number(count), "num"));
    return line;
  });
  find(id).replaceChildren(...(lines.length ? lines : [element("li", "nothing yet", "none")]));
}

find("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  recommend(find("user").value.trim());
});
find("another").addEventListener("click", another);

async function run() {
  await refresh();
  setTimeout(run, REFRESH_MS);
}
another();
run();
