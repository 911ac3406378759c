// How the dashboard reaches the host: here over HTTP, with server-sent events. A transport carries
// frames of native messages and reads none. The page knows only `ready` and `open`.

const KEY = "onionmeter-token";

/**
 * Whether there is a way to the host. A link's code is used once for the token, which this tab
 * keeps until it is closed.
 */
export async function ready() {
  const link = location.hash.slice(1);
  if (link !== "") {
    history.replaceState(null, "", location.pathname);
    const answer = await post("/api/login", JSON.stringify({ link })).catch(() => null);
    if (answer?.ok) sessionStorage.setItem(KEY, (await answer.json()).token);
  }
  return sessionStorage.getItem(KEY) !== null;
}

/**
 * Opens a connection. `heard(frame)` gets each frame; `over(reason)` is called once, when the
 * connection ends by itself. Returns `send(frame)` and `close()`.
 */
export function open(heard, over) {
  const stop = new AbortController();
  const end = (reason) => {
    if (stop.signal.aborted) return;
    stop.abort();
    over(reason);
  };
  listen(heard, stop.signal).then(() => end("server_ended"), () => end("no_answer"));
  return {
    async send(frame) {
      try {
        const answer = await post("/api/ask", frame, stop.signal);
        const text = await answer.text();
        if (!answer.ok) return end(`status ${answer.status}`);
        if (!stop.signal.aborted) heard(text);
      } catch {
        end("no_answer");
      }
    },
    close: () => stop.abort(),
  };
}

// Another link in the same tab changes only what follows `#`, which loads nothing by itself.
addEventListener("hashchange", () => location.reload());

function headers() {
  return { Authorization: `Bearer ${sessionStorage.getItem(KEY)}` };
}

function post(path, body, signal) {
  const type = { "Content-Type": "application/json" };
  return fetch(path, { method: "POST", headers: { ...headers(), ...type }, body, signal });
}

// An EventSource cannot send the token.
async function listen(heard, signal) {
  const answer = await fetch("/api/events", { headers: headers(), signal });
  if (answer.status === 401) {
    sessionStorage.removeItem(KEY);
    location.reload();
  }
  if (!answer.ok) throw new Error();
  let rest = "";
  const text = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { value, done } = await text.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      if (line.startsWith("data: ")) heard(line.slice(6));
    }
  }
}
