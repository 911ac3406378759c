//! A site on loopback, to which browsers connect without a proxy. Its pages try to make a browser
//! look up names.

use anyhow::{Context as _, Result};
use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

/// The site. It answers at every address of loopback, and for a browser each address is a separate
/// site.
pub(super) struct Site {
    port: u16,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    /// Queries of pages that are finished, or that died.
    over: Vec<String>,
    /// What pages reported: query and text.
    reported: Vec<(String, String)>,
}

impl Site {
    pub(super) fn open() -> Result<Self> {
        let listener = TcpListener::bind("0.0.0.0:0")?;
        let port = listener.local_addr()?.port();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shared = Arc::clone(&seen);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let seen = Arc::clone(&shared);
                // A browser may close the connection at any time.
                thread::spawn(move || drop(serve(client, &seen)));
            }
        });
        Ok(Self { port, seen })
    }

    /// An address of the site; `number` is the last byte of the host.
    pub(super) fn url(&self, number: u8, path: &str) -> String {
        format!("http://127.0.0.{number}:{}{path}", self.port)
    }

    /// Waits until the page with this query is finished or dead; returns what it reported, if it
    /// did.
    pub(super) async fn over(&self, query: &str) -> Result<Option<String>> {
        let deadline = Instant::now() + LIMIT;
        loop {
            {
                let seen = self.seen.lock().ok().context("the list")?;
                if seen.over.iter().any(|over| over == query) {
                    let reported = seen.reported.iter().rev().find(|(page, _)| page == query);
                    return Ok(reported.map(|(_, words)| words.clone()));
                }
            }
            anyhow::ensure!(Instant::now() < deadline, "{query} goes on");
            tokio::time::sleep(POLL).await;
        }
    }
}

fn serve(client: TcpStream, seen: &Mutex<Seen>) -> Result<()> {
    let mut client = BufReader::new(client);
    let mut line = String::new();
    client.read_line(&mut line)?;
    let target = line.split(' ').nth(1).context("a request")?.to_owned();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut length = 0_usize;
    loop {
        let mut header = String::new();
        client.read_line(&mut header)?;
        if let Some((name, value)) = header.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse()?;
        }
        if header.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    client.read_exact(&mut body)?;
    let seen = || seen.lock().ok().context("the list");
    let (kind, page) = match path {
        "/ways" => ("text/html", WAYS.to_owned()),
        "/hosts" => ("text/html", HOSTS.to_owned()),
        "/page" => (
            "text/html",
            format!("<script>parent.go(window, '{query}')</script>"),
        ),
        "/worker.js" => ("text/javascript", WORKER.to_owned()),
        "/alive" => {
            // Without a length, so it ends when the browser closes the connection. Firefox gives an
            // answer to a page only when its first byte is there.
            let known = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n.";
            client.get_mut().write_all(known.as_bytes())?;
            let ended = client.read(&mut [0]);
            seen()?.over.push(query.to_owned());
            return ended.map(drop).map_err(Into::into);
        }
        "/told" => {
            seen()?
                .reported
                .push((query.to_owned(), String::from_utf8(body)?));
            ("text/plain", String::new())
        }
        _ => ("text/html", "<p>".to_owned()),
    };
    let length = page.len();
    let more = match path {
        "/hosts" => HOSTS_HEADERS,
        _ => "",
    };
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n{more}\
         Connection: close\r\n\r\n"
    );
    client.get_mut().write_all(head.as_bytes())?;
    client.get_mut().write_all(page.as_bytes())?;
    Ok(())
}

const WAYS: &str = include_str!("ways.html");
const HOSTS: &str = include_str!("hosts.html");
/// Names that a page gives without a word in it: one to connect to, one to report to.
const HOSTS_HEADERS: &str = "Link: <http://header-host.leak.test>; rel=preconnect\r\n\
    Content-Security-Policy-Report-Only: style-src 'none'; \
    report-uri http://report-host.leak.test/\r\n";
/// Answers pages by itself, so that no header of a site's reaches them.
const WORKER: &str = "addEventListener('install', () => skipWaiting());
addEventListener('activate', (event) => event.waitUntil(clients.claim()));
addEventListener('fetch', (event) => {
  if (event.request.mode !== 'navigate' || !event.request.url.includes('worker')) return;
  const answer = (text) => new Response(text, { headers: { 'Content-Type': 'text/html' } });
  event.respondWith(fetch('/ways').then((ways) => ways.text()).then(answer));
});";
const LIMIT: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(50);
