// What a person clicks on a page reaches the worker, whenever that is stopped. A worker that is
// just ending receives nothing, and a post to it does not fail. So each click is followed by a ping
// with a number, and a click whose ping was not answered is sent again to the next worker.

let pings = 0;
// The clicks that no worker has heard for certain, each with its ping, the oldest first.
let unheard = [];

/** Sends a click with `post(message)`. */
export function click(intent, post) {
  post({ intent });
  unheard.push({ intent, number: ping(post) });
}

/** Asks the worker's shell for a sign of life: `{ pong: number }`, whatever Rust does. */
export function ping(post) {
  pings += 1;
  post({ ping: pings });
  return pings;
}

/** The worker has answered this ping, so it has heard what was sent before. */
export function heard(pong) {
  unheard = unheard.filter(({ number }) => number > pong);
}

/** There is another worker. */
export function again(post) {
  const clicks = unheard;
  unheard = [];
  for (const { intent } of clicks) click(intent, post);
}
