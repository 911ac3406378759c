// Runs in every page that is open when protection begins, in a world that the page cannot reach.
// Marks a page that may have connections past Tor. A blank tab that no page opened has none.
globalThis.onionmeterOpenBefore = location.protocol !== "about:" || origin !== "null";
globalThis.onionmeterOpenBefore;
