// Who to be: a new visitor, one of GET /users/sample, or any id.

import { ask } from "../api.js";
import { element, find, tell } from "../dom.js";

const NOBODY = "No shopper is known yet: `./lab segment` makes them known, or start as a visitor.";

export class Chooser {
  /** visitor: called for a new one. known: called with a user's id. again: called when the list is to be another one. */
  constructor({ visitor, known, again }) {
    this.isFilled = false;
    find("visitor").addEventListener("click", visitor);
    find("sample").addEventListener("change", () => find("sample").value && known(find("sample").value));
    find("new").addEventListener("change", again);
    find("choose").addEventListener("submit", (event) => {
      event.preventDefault();
      const typed = find("user").value.trim();
      if (typed) known(typed);
      else tell(find("choose-note"), "Type a user id first, or pick a known shopper.", true);
    });
  }

  get onlyNew() {
    return find("new").checked;
  }

  /** Asks for users until there are some. */
  async fill() {
    if (this.isFilled) return;
    try {
      const { users } = await ask("/users/sample?n=20");
      this.isFilled = users.length > 0;
      find("sample").replaceChildren(element("option", { value: "" }, "pick one"), ...users.map(option));
      tell(find("choose-note"), this.isFilled ? "" : NOBODY);
    } catch (error) {
      tell(find("choose-note"), error.message, true);
    }
  }

  /** Shows who was chosen. */
  show(userId) {
    const options = [...find("sample").options].map(({ value }) => value);
    find("sample").value = options.includes(userId) ? userId : "";
    if (this.isFilled) tell(find("choose-note"), "");
  }
}

const option = (user) =>
  element(
    "option",
    { value: user.user_id },
    [user.user_id, user.segment_name, user.source].filter(Boolean).join(" · "),
  );
