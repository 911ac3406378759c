// What a page showed last of credits, so that it opens with that and not with nothing: worker and
// host take longer to answer than the browser takes to paint. Only amounts are kept. What protects,
// what is wrong and what is visited is never shown from memory. The popup has a file of its own.

/** The amounts of `view`, for the next time that a page of this name opens. */
export function keep(memory, name, view) {
  const { balance, ledger } = view;
  const kept = { balance, ledger: ledger && { ...ledger, notice: null }, switch: view.switch };
  const json = JSON.stringify(kept);
  try {
    if (memory.getItem(name) !== json) memory.setItem(name, json);
  } catch {
    // A browser may keep nothing for a page; then the page opens empty.
  }
}

/** What was kept; `null` at the first time. The balance says that it is of before. */
export function kept(memory, name) {
  try {
    const { balance, ...rest } = JSON.parse(memory.getItem(name));
    return { ...rest, balance: { ...balance, source: { key: "last_known" } } };
  } catch {
    return null;
  }
}
