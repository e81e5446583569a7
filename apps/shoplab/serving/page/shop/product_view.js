// The product that is looked at, what one can do with it, and what is similar.

import { ask, productPath, similarPath } from "../api.js";
import { element, find, tell } from "../dom.js";
import { category, price, title } from "../format.js";
import { showRows } from "./product_row.js";

const ACTIONS = [
  ["view", "View again", ""],
  ["cart", "Add to cart", "primary"],
  ["purchase", "Buy", "primary"],
];
const INVITATION = "Click a product in the list, or open one by its id. Opening it sends a view.";

export class ProductView {
  /** open: called with a product's id. act: called with an event's type. */
  constructor(open, act) {
    this.open = open;
    this.note = element("p", { class: "note" });
    this.facts = element("p", { class: "facts-line", hidden: true });
    this.actions = element("div", {
      class: "actions",
      role: "group",
      "aria-label": "What to do with it",
      hidden: true,
    });
    for (const [type, word, kind] of ACTIONS) {
      const button = element("button", { type: "button", class: kind, "data-event": type }, word);
      button.addEventListener("click", () => act(type));
      this.actions.append(button);
    }
    this.similarTitle = element("h3", { hidden: true }, "Similar products");
    this.similarNote = element("p", { class: "note", hidden: true });
    this.similar = element("ol", { class: "items" });
    find("product").append(
      this.note,
      this.facts,
      this.actions,
      this.byId(),
      this.similarTitle,
      this.similarNote,
      this.similar,
    );
    tell(this.note, INVITATION);
  }

  byId() {
    const input = element("input", {
      name: "product",
      maxlength: 64,
      required: true,
      autocomplete: "off",
      spellcheck: "false",
    });
    const form = element(
      "form",
      { class: "by-id", "aria-label": "Open a product" },
      element("label", {}, "Product id ", input),
      element("button", {}, "Open"),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.open(input.value.trim());
    });
    return form;
  }

  /** Shows the product; false where there is none to show. */
  async show(productId) {
    this.productId = productId;
    const [product, similar] = await Promise.allSettled([
      ask(productPath(productId)),
      ask(`${similarPath(productId)}?k=6`),
    ]);
    if (this.productId !== productId) return false;
    this.showSimilar(similar);
    if (product.status === "rejected") return this.fail(product.reason.message);
    this.showFacts(product.value);
    return true;
  }

  showFacts(product) {
    this.product = product;
    tell(this.note, "");
    this.facts.hidden = this.actions.hidden = false;
    find("product-title").replaceChildren(title(product), " ", element("span", { class: "id" }, product.product_id));
    this.facts.replaceChildren(
      element("span", {}, category(product.category_code)),
      element("b", {}, price(product.price)),
    );
  }

  showSimilar({ value, reason }) {
    const items = value?.items ?? [];
    this.similarTitle.hidden = items.length === 0 && !reason;
    tell(this.similarNote, reason && reason.status !== 404 ? reason.message : "", true);
    showRows(this.similar, items, this.open);
  }

  fail(message) {
    this.close(message, true);
    return false;
  }

  /** Nothing is open, as for a shopper who has just come. */
  close(said = INVITATION, isError = false) {
    this.product = null;
    this.facts.hidden = this.actions.hidden = true;
    find("product-title").replaceChildren("Product");
    tell(this.note, said, isError);
    if (!isError) this.showSimilar({});
  }
}
