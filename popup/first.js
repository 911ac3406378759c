// What a popup shows first: amounts as they were last known, in the words of then (`kept.js`).
// Chromium shows a popup only when everything that its document names has loaded, modules and what
// they import, too. So the document names no module, only this script, which needs nothing else.
// The scripts that draw what is so now are asked for after the first paint.

// What was last known is shown no longer than this; then the page says that nobody answers.
const KEPT_MS = 3_000;
const UNSEEN_MS = 300;

function shown({ browser, lang, dir, words, labels, texts, differences, intent, on }) {
  // The browser speaks another language than it did.
  if (browser !== navigator.language) return;
  const find = (id) => document.getElementById(id);
  Object.assign(document.documentElement, { lang, dir });
  for (const node of document.querySelectorAll("[data-text]")) {
    node.textContent = words[node.dataset.text] ?? "";
  }
  for (const node of document.querySelectorAll("[data-label]")) {
    node.setAttribute("aria-label", labels[node.dataset.label] ?? "");
  }
  for (const [id, text] of Object.entries(texts)) find(id).textContent = text;
  find("switch").setAttribute("aria-checked", on);
  find("switch").dataset.intent = intent;
  find("ledger").hidden = differences === null;
  find("ledger-differences").replaceChildren(...(differences ?? []).map(difference));
  find("popup").dataset.kept = "";
  find("popup").hidden = false;
  find("silence").hidden = true;
  setTimeout(() => {
    if (find("popup").dataset.kept === undefined) return;
    delete find("popup").dataset.kept;
    find("popup").hidden = true;
    find("silence").hidden = false;
  }, KEPT_MS);
}

function difference(parts) {
  const { content } = document.getElementById("ledger-difference");
  const item = content.cloneNode(true).firstElementChild;
  ["reason", "amount"].forEach((name, place) => {
    item.querySelector(`[data-field="${name}"]`).textContent = parts[place];
  });
  return item;
}

const begin = () => void import("./popup.js");

try {
  shown(JSON.parse(localStorage.getItem("popup")));
  addEventListener("load", () => {
    // The first frame is painted between these two.
    requestAnimationFrame(() => requestAnimationFrame(begin));
    // A page that nobody sees is not painted.
    setTimeout(begin, UNSEEN_MS);
  });
} catch {
  // Nothing is kept, or what another version kept: the page opens empty.
  begin();
}
