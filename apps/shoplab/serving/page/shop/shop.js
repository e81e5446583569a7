// The shop's window: one shopper, one list, one open product, and what each click changes.

import { ask, send, userPath } from "../api.js";
import { find, tell } from "../dom.js";
import { duration, fullName } from "../format.js";
import { compare, listInWords, segmentInWords } from "./changes.js";
import { Chooser } from "./chooser.js";
import { ListView } from "./list_view.js";
import { ProductView } from "./product_view.js";
import { dated, newVisitor, Shopper } from "./shopper.js";
import { ShopperView } from "./shopper_view.js";

const LIST = 10;
const LOOKS_MS = [0, 30, 60, 120, 240, 480, 960, 1500]; // waits before each look for an event that was sent
const DID = { view: "Viewed", cart: "Added to the cart", purchase: "Bought" };
const UNREAD =
  "Kafka has the event, but the API shows nothing new: it has not read it yet (`./lab status`), or it is the same event twice within a second, which counts once. This page looks again every 5 s.";
const KEPT =
  "Until then your clicks stay in this browser, and the list follows them all the same; they go with the next one.";

export class Shop {
  constructor() {
    const look = (productId) => this.look(productId);
    this.chooser = new Chooser({
      visitor: () => this.choose(newVisitor()),
      known: (id) => this.choose(new Shopper(id)),
      again: () => this.load(),
    });
    this.list = new ListView(look);
    this.product = new ProductView(look, (type) => this.act(type));
    this.shopperView = new ShopperView();
    this.round = 0; // of loading: an answer of an earlier one comes too late
    this.acts = Promise.resolve(); // one after the other
    this.isActing = false;
  }

  /** As the address says: "#try/USER/PRODUCT", both of which may be missing. */
  async open(userId, productId) {
    const isOther = userId && userId !== this.shopper?.userId;
    if (isOther || !this.shopper) await this.choose(userId ? new Shopper(userId) : newVisitor());
    if (productId) await this.look(productId);
    else this.keepAddress();
  }

  keepAddress() {
    history.replaceState(null, "", `#try/${encodeURIComponent(this.shopper.userId)}`);
  }

  async choose(shopper) {
    Object.assign(this, { shopper, profile: null, answer: null });
    this.keepAddress();
    this.product.close();
    this.shopperView.clearLog();
    tell(find("changes"), "");
    await Promise.all([this.chooser.fill(), this.load()]);
    this.chooser.show(shopper.userId);
  }

  /** What the page asks for every 5 s: did the stream move anything? */
  async refresh() {
    if (document.hidden || this.isActing || !this.shopper) return;
    const change = await this.load({ quietly: true });
    await this.chooser.fill();
    if (change) this.report(`Meanwhile: ${change}`);
  }

  /** Opens a product, which is a view. */
  async look(productId) {
    this.keepAddress();
    if (!(await this.product.show(productId))) return;
    find("product-title").focus();
    await this.act("view");
  }

  /** One event after the other, so that each is seen to change something. */
  act(type) {
    const { product } = this.product;
    this.acts = this.acts.then(() => this.actNow(type, product));
    return this.acts;
  }

  async actNow(type, product) {
    const began = performance.now();
    this.isActing = true;
    this.round += 1; // what refresh() is still waiting for would tell of this event as if the stream had moved
    try {
      const said = await this.sendEvent(this.shopper.event(type, product.product_id));
      const change = await this.load();
      const took = duration(performance.now() - began);
      this.report(`${DID[type]}: ${fullName(product)}. ${change || "List: as before."} ${took}.`, said);
    } catch (error) {
      tell(find("changes"), error.message, true);
    }
    this.isActing = false;
  }

  report(line, said = "") {
    tell(find("changes"), [line, said].filter(Boolean).join(" "));
    this.shopperView.addToLog(line);
  }

  /** Sends it and waits until the API has read it. Returns what there is to say about it; throws where it was refused. */
  async sendEvent(event) {
    const before = recentOf(this.profile);
    const { shopper } = this;
    try {
      const { rejected } = await send("/events", [...shopper.kept, event]);
      shopper.kept = [];
      if (rejected.length) throw new Error(rejected[0].error);
    } catch (error) {
      if (!shopper.isVisitor || error.status !== 503) throw error;
      shopper.kept.push(dated(event));
      return `${error.message}. ${KEPT}`;
    }
    for (const wait of LOOKS_MS) {
      await new Promise((done) => setTimeout(done, wait));
      if (recentOf(await ask(userPath(shopper.userId))) !== before) return "";
    }
    return UNREAD;
  }

  /** Profile and list anew. Returns what has changed, in words; "" where nothing has. */
  async load({ quietly = false } = {}) {
    const round = ++this.round;
    const [profile, answer] = await Promise.allSettled([ask(userPath(this.shopper.userId)), this.recommended()]);
    if (round !== this.round) return "";
    return [this.takeProfile(profile), this.takeList(answer, quietly)].filter(Boolean).join(" ");
  }

  recommended() {
    const { userId, kept } = this.shopper;
    if (kept.length) {
      const events = kept.map(({ product_id, event_type }) => ({ product_id, event_type }));
      return send("/recommendations", { events, k: LIST, new: this.chooser.onlyNew, user_id: null });
    }
    const context = this.product.product ? `&context=${encodeURIComponent(this.product.product.product_id)}` : "";
    return ask(`/recommendations/${encodeURIComponent(userId)}?k=${LIST}&new=${this.chooser.onlyNew}${context}`);
  }

  takeProfile({ value, reason }) {
    if (reason) {
      this.shopperView.fail(reason.message);
      return "";
    }
    const kept = this.shopper.kept.length;
    if (JSON.stringify([this.profile, this.kept]) === JSON.stringify([value, kept])) {
      this.shopperView.settle();
      return "";
    }
    const change = segmentInWords(this.profile, value);
    this.shopperView.show(this.shopper, value, change ? (this.profile.segment_name ?? "none yet") : null);
    Object.assign(this, { profile: value, kept });
    return change;
  }

  /** quietly: marks of the last change stay where the list is the same. */
  takeList({ value, reason }, quietly) {
    if (reason) {
      this.list.fail(reason.message, this.answer !== null);
      return "";
    }
    const before = this.answer;
    this.list.settle(value);
    if (quietly && JSON.stringify(before) === JSON.stringify(value)) return "";
    this.answer = value;
    if (!before) {
      this.list.show(value);
      return "";
    }
    const change = compare(before.items, value.items);
    const isSame = Object.values(change.counts).every((number) => number === 0);
    if (quietly && isSame) return "";
    this.list.show(value, change.marks);
    return isSame ? "" : listInWords(change);
  }
}

const recentOf = (profile) => JSON.stringify(profile?.recent ?? []);
