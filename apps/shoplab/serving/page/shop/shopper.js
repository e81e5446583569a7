// Who is shopping: a known user, or a visitor with an id and a session made in this browser.

const VISITOR = "visitor-";

export class Shopper {
  constructor(userId) {
    this.userId = userId;
    this.session = random(16);
    this.isVisitor = userId.startsWith(VISITOR);
    this.kept = []; // events that Kafka could not take: they go with the next one
  }

  /** As POST /events takes it; time, category, brand and price are the API's to fill in. */
  event(type, productId) {
    return { event_type: type, product_id: productId, user_id: this.userId, user_session: this.session };
  }
}

/** With the time it happened, for an event that is sent later. */
export const dated = (event) => ({
  ...event,
  event_time: `${new Date().toISOString().slice(0, 19).replace("T", " ")} UTC`,
});

export const newVisitor = () => new Shopper(VISITOR + random(4));

/** Hex digits. randomUUID is for secure origins only, and a lab may be opened to a network. */
function random(bytes) {
  const drawn = crypto.getRandomValues(new Uint8Array(bytes));
  return [...drawn].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
