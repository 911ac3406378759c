//! A server in this process, with routes that a test can hold open.

use axum::{
    Router,
    body::Bytes,
    routing::{get, post},
};
use meter_testkit::loopback;
use onionmeter_ledger::http::{Http, Limits, Origins, Transport, listen};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
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
    served: JoinHandle<std::io::Result<()>>,
}

pub(crate) fn start(limits: Limits, transport: Transport) -> Running {
    let listener = listen(loopback::address(0)).expect("a port");
    let to = listener.local_addr().expect("its address");
    let origin = format!("http://{to}").parse().expect("an origin");
    let http = Http::new(Origins::new(vec![origin]), limits);
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
    let routes = routes.merge(http.state_routes(commit));
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
