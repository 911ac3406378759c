//! What Chromium shows when Tor refuses. On an ordinary port of the relay it says that the proxy
//! would not connect. On an optimistic port it says that a connection broke, which is not what
//! happened.
//!
//! Why the browser's port is an ordinary one: `docs/decisions/0013-no-promises-to-the-browser.md`.

#![expect(
    clippy::unwrap_used,
    reason = "a panic is how a check fails, helpers included"
)]

use checks::stage::program;
use meter_testkit::{
    browser::{Browser, Kind, Landed, LaunchOptions},
    ports::HeldPort,
    tor_network::{ClientPorts, TorNetwork},
};
use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

/// Only an upper bound: nothing takes this long when it works.
const LIMIT: Duration = Duration::from_secs(120);
/// Says that a proxy refused, and no more: Chromium has one text for all of Tor's replies.
const REFUSED: &str = "ERR_SOCKS_CONNECTION_FAILED";
/// The second is the text for a reset that comes before the request is written.
const BROKEN: [&str; 2] = ["ERR_CONNECTION_RESET", "ERR_SOCKET_NOT_CONNECTED"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_told_as_one_unless_the_port_is_optimistic() {
    let folder = tempfile::tempdir().unwrap();
    let ports = ClientPorts::hold().unwrap();
    let upstream = ports.socks.address();
    let relays = [false, true].map(|optimistic| Relay::start(upstream, optimistic));
    let (network, told, promised) = tokio::join!(
        async {
            let network = TorNetwork::boot(&folder.path().join("network")).await?;
            let mut tor = network.start_client(ports)?;
            tor.wait_until_ready(LIMIT).await?;
            anyhow::Ok((network, tor))
        },
        relays[0].browser(folder.path(), "told"),
        relays[1].browser(folder.path(), "promised"),
    );
    let _running = network.unwrap();

    // Nothing listens there.
    let closed = HeldPort::take().unwrap();
    for url in refused_urls(closed.number()) {
        assert_eq!(reason(&told, &url).await, REFUSED, "{url}");
        let reason = reason(&promised, &url).await;
        assert!(BROKEN.contains(&reason.as_str()), "{url}: {reason}");
    }
    told.close().await;
    promised.close().await;
}

/// A closed port, a name that does not exist, an onion address with a typing error.
fn refused_urls(closed: u16) -> [String; 3] {
    [
        format!("http://site.test:{closed}/"),
        "http://nobody.example/".to_owned(),
        format!("https://{}.onion/", "a".repeat(56)),
    ]
}

async fn reason(browser: &Browser, url: &str) -> String {
    match browser.goto(url).await.unwrap() {
        Landed::NetworkError(reason) => reason,
        Landed::Page => panic!("{url} is a page"),
    }
}

/// `onionmeter relay`, killed when dropped.
struct Relay {
    child: Child,
    address: SocketAddr,
}

impl Relay {
    fn start(upstream: SocketAddr, optimistic: bool) -> Self {
        let mut command = Command::new(program().unwrap());
        command.args(["relay", "--listen", "127.0.0.1:0"]);
        command.args(["--upstream", &upstream.to_string()]);
        if optimistic {
            command.arg("--optimistic");
        }
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("relay ").unwrap();
        Self {
            child,
            address: address.parse().unwrap(),
        }
    }

    async fn browser(&self, folder: &Path, name: &str) -> Browser {
        let mut options =
            LaunchOptions::new(&folder.join(name), &folder.join(name).join("profile"));
        options.socks_proxy = Some(self.address);
        Browser::launch(Kind::Chromium, &options).await.unwrap()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
