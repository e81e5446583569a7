// The page's start: which view is shown, and what /health says.

import { ask } from "./api.js";
import { Dashboard } from "./dashboard/dashboard.js";
import { find, element, sentence } from "./dom.js";
import { Shop } from "./shop/shop.js";

const REFRESH_MS = 5000;
const VIEWS = { dashboard: "Dashboard", try: "Try it" };
const views = { dashboard: new Dashboard(), try: new Shop() };
let shown = null;

/** "#try/512300003/1004856" → ["try", "512300003", "1004856"] */
const place = () => (location.hash.slice(1) || "dashboard").split("/").map(decoded);

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function show() {
  const [name, ...details] = place();
  if (!(name in VIEWS)) return;
  for (const other of Object.keys(VIEWS)) find(other).hidden = other !== name;
  for (const link of document.querySelectorAll(".top nav a")) {
    if (link.hash === `#${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${VIEWS[name]} · shoplab`;
  if (shown !== null && shown !== name) {
    find(name).querySelector("h1").focus({ preventScroll: true });
    scrollTo(0, 0); // the browser went to the view as to a place on the page
  }
  shown = name;
  views[name].open(...details);
}

/** Every 5 s, however long the round before takes: what comes late is merged, or dropped by its own view. */
function refresh() {
  health();
  views[shown]?.refresh();
}

async function health() {
  try {
    const told = await ask("/health");
    showHealth(told.status, told.model && `model ${told.model.version}`, Object.entries(told.problems));
  } catch (error) {
    showHealth("away", null, [["api", error.message]]);
  }
}

function showHealth(status, model, problems) {
  find("health").dataset.status = status;
  const words = [status, model].filter(Boolean).join(" · ");
  const said = find("health").lastElementChild;
  if (said.textContent !== words) said.textContent = words;
  const list = find("problems");
  const lines = JSON.stringify(problems);
  if (list.dataset.said !== lines) {
    list.dataset.said = lines;
    list.replaceChildren(
      ...problems.map(([what, problem]) => element("li", {}, element("b", {}, what), " ", ...sentence(problem))),
    );
  }
  list.hidden = problems.length === 0;
}

find("skip").addEventListener("click", (event) => {
  event.preventDefault();
  find("main").focus();
});
addEventListener("hashchange", show);
show();
health();
setInterval(refresh, REFRESH_MS);
