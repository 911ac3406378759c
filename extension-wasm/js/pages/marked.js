// Returns whether this page has the mark of `mark.js`. The mark disappears with the page.
globalThis.onionmeterOpenBefore === true;
