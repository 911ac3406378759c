// A list of choices of which each is an order to the host. In a closed list every arrow key chooses
// the next one, and a person on the way to the third would order the second, too. So what keys
// choose waits for Enter, or until the focus leaves the list.

import { text } from "./dom.js";
import { word } from "./words.js";

/**
 * Calls `order(value)` with what a person chooses in `list`; `hint` says what keys wait for.
 * Returns `shows(index)`, which shows what is in force unless a choice waits.
 */
export function choosing(list, hint, order) {
  let byKeys = false;
  let waiting = false;

  function waits(yes) {
    waiting = yes;
    text(hint, yes ? word("choice_enter") : "");
  }

  function settle() {
    if (waiting) order(list.value);
    waits(false);
  }

  list.addEventListener("pointerdown", () => {
    byKeys = false;
  });
  list.addEventListener("keydown", ({ key }) => {
    byKeys = key !== "Enter";
    if (key === "Enter") settle();
  });
  list.addEventListener("change", () => {
    if (byKeys) waits(true);
    else order(list.value);
  });
  list.addEventListener("blur", settle);
  return {
    shows(index) {
      if (!waiting) list.selectedIndex = index;
    },
  };
}
