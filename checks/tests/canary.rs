//! Nothing that a person visits is written down. A marker goes through the product in every place
//! where a name, a path or a secret can stand. Then the test looks for it in everything that the
//! product wrote.

#![expect(
    clippy::unwrap_used,
    reason = "a panic is how a check fails, helpers included"
)]

use checks::{
    between::Between,
    face::Face,
    host::Host,
    ledger::Ledger,
    stage::{QUICK, tor_section},
};
use meter_core::Backend;
use meter_fixtures::compile;
use meter_testkit::{
    ports::HeldPort,
    site::Site,
    socks::{self, Credentials, Refused},
    tor_network::TorNetwork,
};
use meter_wire::Status;
use std::{
    fs,
    os::unix::{ffi::OsStrExt as _, process::ExitStatusExt as _},
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// Only an upper bound: nothing takes this long when it works.
const LIMIT: Duration = Duration::from_secs(120);
/// Enough relays for clients of onion services.
const RELAYS: usize = 4;
/// In lower case, with letters that an onion address may have.
const MARKER: &str = "canarybird";
/// A connection that asks for a name with this in it panics: `canary/panic.c`.
const PANIC: &str = "canarybird-panic";
/// A valid address of version 3 that begins with the marker. Its key is a point of the curve that
/// belongs to no service, and its checksum is right.
const ONION: &str = "canarybirdwb63jh7kbki5nkl4ckk5yfqj2v4rwyrfe72x47stzsc3yd.onion";
/// The same with a wrong checksum.
const BAD_ONION: &str = "canarybirdwb63jh7kbki5nkl4ckk5yfqj2v4rwyrfe72x47stzsc3ad.onion";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_name_path_onion_address_or_credential_is_written_anywhere() {
    nothing_is_written_with(Backend::Managed).await;
}

#[cfg(feature = "embedded-tor")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_embedded_tor_it_is_the_same() {
    nothing_is_written_with(Backend::Embedded).await;
}

async fn nothing_is_written_with(backend: Backend) {
    let folder = tempfile::tempdir().unwrap();
    let network = TorNetwork::boot_with_relays(folder.path(), RELAYS).await;
    let network = network.unwrap();
    let (tor, _) = tor_section(&network, backend).unwrap();
    let environment = vec![
        ("RUST_BACKTRACE", "full".into()),
        ("LD_PRELOAD", breaker_of_clocks(folder.path()).into()),
    ];
    let config = format!("[log]\nlevel = \"trace\"\n{QUICK}[ledger]\ndelay_max_s = 0\n{tor}");
    let mut host = Host::start_with(&config, environment).unwrap();
    host.wait_until_ready(LIMIT).await.unwrap();
    let site = Site::start().await.unwrap();
    let receiver = Receiver::start(&host).await;
    let mut show = Show {
        site,
        host,
        backend,
    };

    show.pages_and_files().await;
    show.failures_that_tor_tells().await;
    show.refusals_of_the_relay().await;
    show.strangers_protocols().await;
    show.panics_in_the_tasks_of_connections().await;
    let torn = show.a_download_that_is_torn().await;

    // While the daemon runs, because the book's write-ahead log and the sockets exist only then.
    receiver.got_nothing_of_it(&mut show.host).await;
    show.found_nothing();
    show.the_search_would_find_it();
    // The site continues, so that the marker passes through the daemon until it crashes.
    let Show { mut host, site, .. } = show;
    let crashed = host.crash().unwrap();
    drop((torn, site));
    assert!(!crashed.success() && !crashed.core_dumped(), "{crashed}");
    assert_eq!(hits(host.folder()), [""; 0], "after a crash");
    host.start_again().unwrap();
    host.wait_until_ready(LIMIT).await.unwrap();
    assert!(host.end().unwrap().success());
    assert_eq!(hits(host.folder()), [""; 0], "after the end");
}

/// Who gets what the daemon tells: a ledger behind a proxy, and the clients of the HTTP face.
struct Receiver {
    between: Between,
    ledger: Ledger,
    face: Face,
}

impl Receiver {
    /// The host is enrolled.
    async fn start(host: &Host) -> Self {
        let port = HeldPort::take().unwrap();
        let between = Between::start(port.address()).await.unwrap();
        let address = between.address().to_string();
        let ledger = Ledger::start(port, &[format!("http://{address}")]).unwrap();
        let enrolled = host.run(&["enroll", &address, "--yes", "--key", ledger.vkey()]);
        enrolled.unwrap();
        let home = host.folder().join("om");
        let face = Face::start(&home, &host.folder().join("user")).unwrap();
        Self {
            between,
            ledger,
            face,
        }
    }

    /// After reports were sent and answered.
    async fn got_nothing_of_it(self, host: &mut Host) {
        let answered = |status: &Status| {
            let ledger = status.ledger.as_ref();
            ledger.is_some_and(|ledger| ledger.answered.0 > 0)
        };
        host.wait_for(LIMIT, answered).await.unwrap();
        assert!(host.folder().join("om/receipts.sqlite3").is_file());
        let sent = self.between.heard();
        assert!(holds(&sent, b"POST /api/sessions/submit"));
        assert!(!holds_marker(&sent), "in what is sent to the ledger");
        let mut found = Vec::new();
        search(self.ledger.folder(), &mut found, &mut 0);
        assert_eq!(found, [""; 0], "at the ledger");
        let told: serde_json::Value =
            serde_json::from_str(&self.face.get("/api/tor/status").unwrap()).unwrap();
        let balance = format!("/api/sessions/balance/{}", told["chain"].as_str().unwrap());
        for target in [
            "/",
            "/metrics",
            "/api/openapi.json",
            "/api/tor/activity",
            "/api/tor/monitoring/sessions",
            "/api/tor/monitoring/stats",
            "/api/tor/status",
            "/api/tor/traffic-config",
            "/api/tor/traffic-stats",
            "/api/sessions/policy",
            &balance,
        ] {
            let answer = self.face.get(target).unwrap();
            assert!(!answer.is_empty(), "{target}");
            assert!(!holds_marker(answer.as_bytes()), "{target}: {answer}");
        }
        let events = self.face.listen("/api/events").unwrap();
        assert!(events.contains("data:"), "{events}");
        assert!(!holds_marker(events.as_bytes()), "{events}");
    }
}

struct Show {
    site: Site,
    host: Host,
    backend: Backend,
}

impl Show {
    fn name(&self) -> String {
        format!("{MARKER}.test")
    }

    async fn connect(&self, name: &str) -> anyhow::Result<TcpStream> {
        socks::connect(self.host.relay(), name, self.site.port()).await
    }

    async fn pages_and_files(&self) {
        let credentials = Credentials {
            user: MARKER,
            password: MARKER,
        };
        for path in ["/", "/canarybird?q=canarybird", "/bytes/50000"] {
            let plain = self.connect(&self.name()).await.unwrap();
            socks::get(plain, &self.name(), path).await.unwrap();
            let (relay, port) = (self.host.relay(), self.site.port());
            let named = socks::connect_as(relay, credentials, &self.name(), port).await;
            socks::get(named.unwrap(), &self.name(), path)
                .await
                .unwrap();
        }
        assert_eq!(self.site.connections().len(), 6, "all of it went through");
    }

    async fn failures_that_tor_tells(&self) {
        let nowhere = format!("{MARKER}.example");
        assert_eq!(self.reply(&nowhere).await, 4, "no such name");
        assert_eq!(self.reply(ONION).await, 0xF0, "no such service");
        assert_eq!(self.reply(BAD_ONION).await, 0xF6, "no such address");
        let closed = HeldPort::take().unwrap();
        let refused = socks::connect(self.host.relay(), &self.name(), closed.number()).await;
        assert!(refused.unwrap_err().is::<Refused>());
    }

    async fn refusals_of_the_relay(&self) {
        for name in [
            "canarybird",
            "canarybird.localhost",
            "x.canarybird.internal",
        ] {
            assert_eq!(self.reply(name).await, 2, "{name}");
        }
        assert_eq!(self.reply("canarybird!.test").await, 1);
        let credentials = Credentials {
            user: "<torS0X>canarybird",
            password: MARKER,
        };
        let refused = socks::connect_as(self.host.relay(), credentials, &self.name(), 80).await;
        assert!(refused.is_err());
    }

    /// Sends the marker to the relay in other protocols and in malformed SOCKS5.
    async fn strangers_protocols(&self) {
        let words: [&[u8]; 4] = [
            b"GET http://canarybird.test/canarybird HTTP/1.1\r\nHost: canarybird.test\r\n\r\n",
            b"\x04\x01\x00\x50\x00\x00\x00\x01canarybird\x00canarybird.test\x00",
            b"\x05\x01\x00\x05\x01\x00\x07\x0fcanarybird.test\x00\x50",
            b"\x05\x01\x02\x07\x0acanarybird\x0acanarybird",
        ];
        for words in words {
            let mut stream = self.dial().await;
            stream.write_all(words).await.unwrap();
            stream.shutdown().await.unwrap();
            // How the relay closes does not matter here, only that it has read the bytes.
            drop(stream.read_to_end(&mut Vec::new()).await);
        }
    }

    /// Real panics, in tasks that hold a name and credentials, with backtraces turned on.
    async fn panics_in_the_tasks_of_connections(&self) {
        for times in 1..=3 {
            let name = format!("{PANIC}-{times}.{MARKER}.test");
            // A client gets no reply after its task has panicked.
            let error = self.connect(&name).await.unwrap_err();
            assert!(!error.is::<Refused>(), "{error}");
            let log = self.host.log();
            let panics: Vec<_> = log.lines().filter(|line| line.contains("panic")).collect();
            assert_eq!(panics.len(), times, "{log}");
            // The log has the place of the panic and nothing else: the message may quote data of
            // the task.
            let (_, said) = panics[times - 1].split_once("bug: panic").unwrap();
            let place = said.trim().strip_prefix("place=\"").unwrap();
            assert!(place.contains("time") && place.ends_with('"'), "{place}");
        }
        // The daemon still works.
        let stream = self.connect(&self.name()).await.unwrap();
        socks::get(stream, &self.name(), "/").await.unwrap();
        self.host.run(&["status"]).unwrap();
    }

    /// One client cuts its own download, and the end of the daemon cuts the download of another.
    async fn a_download_that_is_torn(&self) -> TcpStream {
        let mut streams = Vec::new();
        for _ in 0..2 {
            let mut stream = self.connect(&self.name()).await.unwrap();
            let request = "GET /slow/1000000/20 HTTP/1.1\r\nHost: canarybird.test\r\n\r\n";
            stream.write_all(request.as_bytes()).await.unwrap();
            stream.read_exact(&mut [0; 100]).await.unwrap();
            streams.push(stream);
        }
        streams.remove(0).set_zero_linger().unwrap();
        streams.remove(0)
    }

    async fn reply(&self, name: &str) -> u8 {
        let error = self.connect(name).await.unwrap_err();
        error.downcast::<Refused>().unwrap().reply
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a check's own client, on loopback"
    )]
    async fn dial(&self) -> TcpStream {
        TcpStream::connect(self.host.relay()).await.unwrap()
    }

    fn found_nothing(&self) {
        assert_eq!(hits(self.host.folder()), [""; 0], "while running");
        let log = self.host.log();
        let said: &[&str] = match self.backend {
            Backend::Existing | Backend::Managed => &["client refused", "Giving up"],
            // It logs so much that the beginning of the log may be gone.
            Backend::Embedded => &["line=\"TRACE bootstrap", "connect_with_prefs"],
        };
        for words in [&["DEBUG"], said].concat() {
            assert!(
                log.contains(words),
                "the log tells all that relay and Tor say, {words} too: {log}"
            );
        }
    }

    /// Puts the marker where the product writes, into a file's content and into a file's name.
    fn the_search_would_find_it(&self) {
        let log = self.host.folder().join("om/log");
        let planted = [log.join("planted"), log.join("planted-CanaryBird")];
        fs::write(&planted[0], b"\0\xFF...CANARYbird\xFF").unwrap();
        fs::write(&planted[1], "").unwrap();
        let found = hits(self.host.folder());
        for planted in planted {
            assert!(found.contains(&planted.display().to_string()), "{found:?}");
            fs::remove_file(planted).unwrap();
        }
        assert_eq!(found.len(), 2);
    }
}

/// The code that makes a connection's task panic; the product itself has no way to do this.
fn breaker_of_clocks(folder: &Path) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/canary/panic.c");
    compile::library(&source, folder).unwrap()
}

/// Every file below a folder whose name or content contains the marker in any case.
fn hits(folder: &Path) -> Vec<String> {
    let mut hits = Vec::new();
    let mut files = 0;
    search(folder, &mut hits, &mut files);
    assert!(files > 10, "only {files} files were searched");
    hits
}

fn search(folder: &Path, hits: &mut Vec<String>, files: &mut usize) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            search(&entry.path(), hits, files);
        }
        let content = if kind.is_file() {
            *files += 1;
            // A file may be gone by now: Tor replaces its files.
            fs::read(entry.path()).unwrap_or_default()
        } else {
            Vec::new()
        };
        if holds_marker(entry.file_name().as_bytes()) || holds_marker(&content) {
            hits.push(entry.path().display().to_string());
        }
    }
}

/// Whether it stands there, also in hexadecimal.
fn holds_marker(bytes: &[u8]) -> bool {
    let digits: String = MARKER.bytes().map(|byte| format!("{byte:02x}")).collect();
    holds(bytes, MARKER.as_bytes()) || holds(bytes, digits.as_bytes())
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes
        .windows(part.len())
        .any(|window| window.eq_ignore_ascii_case(part))
}
