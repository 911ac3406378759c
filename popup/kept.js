// Keeps what a popup shows first, the next time (`first.js`): texts that are ready, so that nothing
// has to be loaded to show them. Only amounts and the switch are kept. What protects, what is wrong
// and what is visited is never shown from memory.

import { plain, word } from "../dashboard/words.js";

/** `view` is the one that the popup shows, with its words in their places. */
export function keep(view) {
  const json = JSON.stringify(painting(view));
  try {
    if (localStorage.getItem("popup") !== json) localStorage.setItem("popup", json);
  } catch {
    // A browser may keep nothing for a page; then it opens empty.
  }
}

function painting({ balance, ledger, switch: { on, intent } }) {
  const { lang, dir } = document.documentElement;
  const all = (name) => [...document.querySelectorAll(`[data-${name}]`)];
  const labels = all("label").map(({ dataset }) => [dataset.label, word(dataset.label)]);
  return {
    browser: navigator.language,
    lang,
    dir,
    words: Object.fromEntries(all("text").map(({ dataset }) => [dataset.text, word(dataset.text)])),
    labels: Object.fromEntries(labels),
    texts: { ...looking(balance, on), ...(ledger && amounts(ledger)) },
    differences: ledger && ledger.differences.map(({ reason, amount }) =>
      [plain(reason), plain(amount.credits)]),
    intent,
    on,
  };
}

/** The state of now is being asked for; the balance says that it is of before. */
const looking = (balance, on) => ({
  "state-word": word("looking"),
  "state-sentence": word("looking_about"),
  "switch-word": on ? word("switch_on") : word("switch_off"),
  balance: plain(balance.credits),
  "balance-unit": plain(balance.unit),
  "balance-source": word("last_known"),
});

const amounts = ({ claimed, credited, waiting }) => ({
  "ledger-claimed": plain(claimed.credits),
  "ledger-credited": credited ? plain(credited.credits) : word("not_verified"),
  "ledger-waiting": plain(waiting.credits),
});
