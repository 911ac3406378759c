// Runs in every page that is open when protection begins, in a world that the page cannot reach:
// marks a page that may hold connections past Tor. A blank tab that no page opened holds none.
globalThis.onionmeterOpenBefore = location.protocol !== "about:" || origin !== "null";
globalThis.onionmeterOpenBefore;
