// Numbers, times and products in words, the same everywhere.

const LANGUAGE = "en";
const plain = new Intl.NumberFormat(LANGUAGE, { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat(LANGUAGE, { notation: "compact", maximumFractionDigits: 1 });
const seconds = new Intl.DateTimeFormat(LANGUAGE, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const minutes = new Intl.DateTimeFormat(LANGUAGE, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

export const NOTHING = "–";

export const count = (value) => plain.format(value);
export const compact = (value) => short.format(value);
export const decimal = (value, digits = 2) =>
  value.toLocaleString(LANGUAGE, { minimumFractionDigits: digits, maximumFractionDigits: digits });
export const percent = (share, digits = 1) => `${decimal(100 * share, digits)} %`;
export const points = (value) => `${value > 0 ? "+" : ""}${decimal(value, 2)} pp`;

export function duration(ms) {
  if (ms < 1000) return `${count(ms)} ms`;
  return ms < 120_000 ? `${decimal(ms / 1000, 1)} s` : `${count(ms / 60_000)} min`;
}

export const clock = (date) => seconds.format(date);
export const clockOf = (date, withSeconds) => (withSeconds ? seconds : minutes).format(date);

export const price = (value) => (value === null || value === undefined ? NOTHING : decimal(value));

/** "electronics.smartphone" → "electronics › smartphone" */
export const category = (code) => (code ? code.split(".").join(" › ").replaceAll("_", " ") : "no category");

/** "samsung smartphone": what the shop calls it, without its id. */
export function title(product) {
  const kind = product.category_code?.split(".").at(-1).replaceAll("_", " ");
  return [product.brand, kind].filter(Boolean).join(" ") || "product";
}

/** "samsung smartphone 1004856", as GET /products names it. */
export const fullName = (product) => product.name ?? `${title(product)} ${product.product_id}`;

/** Of several things: "3 new", "1 moved"; "" of none. */
export const several = (number, word) => (number === 0 ? "" : `${count(number)} ${word}`);
