// Whether this page has the mark of `mark.js`. The mark goes with the page.
globalThis.onionmeterOpenBefore === true;
