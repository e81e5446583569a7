// Elements made by hand. Whatever comes from data goes in as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";

export const find = (id) => document.getElementById(id);

/** element("p", { class: "note" }, "text", child): strings become text nodes; attributes of null or false are left out. */
export function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

export function shape(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** Text for screen readers only. */
export const spoken = (text) => element("span", { class: "spoken" }, text);

/** A sentence in which `what to type` stands between backticks. */
export function sentence(text) {
  return text.split("`").map((part, place) => (place % 2 ? element("code", {}, part) : part));
}

/** Other rows into a list. What had the focus keeps it: its row's data-key says which that is, else its place. */
export function replaceRows(list, rows) {
  const focused = list.contains(document.activeElement) ? document.activeElement.closest("li") : null;
  const place = [...list.children].indexOf(focused);
  list.replaceChildren(...rows);
  if (focused === null) return;
  const heir = rows.find((row) => row.dataset.key === focused.dataset.key) ?? rows[Math.min(place, rows.length - 1)];
  heir?.querySelector("a, button")?.focus({ preventScroll: true });
}

/** Shows the sentence, or hides its place where there is none. Says nothing twice to a screen reader. */
export function tell(place, text, isError = false) {
  if (place.dataset.said !== text) {
    place.dataset.said = text;
    place.replaceChildren(...sentence(text));
  }
  place.hidden = text === "";
  place.classList.toggle("error", isError);
}
