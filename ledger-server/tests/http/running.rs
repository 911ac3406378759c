//! A server in this process, with routes that a test can hold open.

use axum::{
    Router,
    body::Bytes,
    routing::{get, post},
};
use meter_core::{EnrolmentRule, LedgerSigner};
use meter_testkit::{device::Device, ledger_client::LedgerClient, loopback};
use meter_wire::ledger::Enrolled;
use onionmeter_ledger::http::{Http, Limits, Origin, Origins, Transport, listen};
use onionmeter_ledger::{
    ledger::{Ledger, Vitals},
    store::{Place, Store},
};
use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, Once,
        atomic::{AtomicBool, Ordering},
    },
};
use tempfile::TempDir;
use tokio::{sync::Semaphore, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// A server that ends with the test.
pub(crate) struct Running {
    pub(crate) to: SocketAddr,
    /// One permit lets one request to `/held` finish.
    pub(crate) finish: Arc<Semaphore>,
    /// Requests to `/held` that are waiting.
    pub(crate) held: Arc<Semaphore>,
    pub(crate) commits: Arc<AtomicBool>,
    end: CancellationToken,
    served: JoinHandle<io::Result<()>>,
}

pub(crate) fn start(limits: Limits, transport: Transport) -> Running {
    start_with(limits, transport, |_, _| Router::new())
}

/// A server with further routes.
fn start_with(
    limits: Limits,
    transport: Transport,
    further: impl FnOnce(&Http, &Origin) -> Router,
) -> Running {
    keep_the_log();
    let listener = listen(loopback::address(0)).expect("a port");
    let to = listener.local_addr().expect("its address");
    let origin: Origin = format!("http://{to}").parse().expect("an origin");
    let http = Http::new(Origins::new(vec![origin.clone()]), limits);
    let finish = Arc::new(Semaphore::new(0));
    let held = Arc::new(Semaphore::new(0));
    let commits = Arc::new(AtomicBool::new(true));
    let (until, waiting) = (finish.clone(), held.clone());
    let routes = Router::new()
        .route("/api/hello", get(async || "hello"))
        .route(
            "/api/length",
            post(async |body: Bytes| body.len().to_string()),
        )
        .route("/api/panic/{name}", get(panics))
        .route("/api/much", get(async || vec![b'x'; 64 << 20]))
        .route(
            "/api/held",
            get(async move || {
                waiting.add_permits(1);
                until.acquire().await.expect("open").forget();
                "held"
            }),
        );
    let committing = commits.clone();
    let commit = Arc::new(move || committing.load(Ordering::SeqCst));
    let look = Arc::new(Vitals::default);
    let routes = routes
        .merge(http.state_routes(http.watch(commit, look)))
        .merge(further(&http, &origin));
    let end = CancellationToken::new();
    let until = end.clone().cancelled_owned();
    #[expect(clippy::disallowed_methods, reason = "the test waits for it in `end`")]
    let served = tokio::spawn(async move { http.serve(listener, transport, routes, until).await });
    Running {
        to,
        finish,
        held,
        commits,
        end,
        served,
    }
}

async fn panics(name: axum::extract::Path<String>) {
    panic!("{} must stay out of the answer", name.0);
}

impl Running {
    /// Asks the server to end.
    pub(crate) fn ask_to_end(&self) {
        self.end.cancel();
    }

    /// Waits until the server has ended.
    pub(crate) async fn ended(self) {
        self.end.cancel();
        self.served.await.expect("no panic").expect("served");
    }
}

/// A server with the routes of the API and a ledger of its own, on an SQLite file.
pub(crate) struct WithLedger {
    pub(crate) running: Running,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) client: LedgerClient,
    pub(crate) to: SocketAddr,
    folder: TempDir,
}

pub(crate) fn start_ledger() -> WithLedger {
    start_limited(Limits::default())
}

pub(crate) fn start_limited(limits: Limits) -> WithLedger {
    let folder = TempDir::new().expect("a folder");
    let place = Place::File(folder.path().join("ledger.sqlite3"));
    let store = Store::open(&place).expect("a database");
    let signer = LedgerSigner::from_seed(&[7; 32]);
    let ledger = Ledger::start(store, signer, EnrolmentRule::Open).expect("a ledger");
    let ledger = Arc::new(ledger);
    let routed = ledger.clone();
    let running = start_with(limits, Transport::default(), |http, origin| {
        http.api_routes(routed, origin)
            .expect("a host for the vkey line")
    });
    WithLedger {
        to: running.to,
        client: LedgerClient::new(running.to),
        running,
        ledger,
        folder,
    }
}

impl WithLedger {
    /// Enrols a device in an account of its own.
    pub(crate) async fn enrol(&self, device: &Device) -> Enrolled {
        let answered = self.client.enrol(device, None).await.expect("an answer");
        assert_eq!(answered.status, 201, "{}", answered.words());
        answered.message().expect("a message")
    }

    pub(crate) async fn ended(self) {
        self.running.ended().await;
        self.ledger.finish();
        drop(self.folder);
    }
}

/// Everything that this program logs, at every level.
static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Log;

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.lock().expect("not poisoned").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What was logged until now.
pub(crate) fn log() -> String {
    let log = LOG.lock().expect("not poisoned").clone();
    String::from_utf8(log).expect("text")
}

fn keep_the_log() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(|| Log)
            .init();
    });
}
