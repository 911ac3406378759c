//! Tests the local end with a real server.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use meter_testkit::{
    shadowsocks::ShadowsocksServer,
    site::Site,
    socks::{self, Credentials as Login},
};
use tokio::time::timeout;

use super::*;

/// Ends this many restarted local ends, each as soon as it listens.
#[derive(Debug, Default)]
pub(super) struct InjectedFault {
    deaths_left: AtomicU32,
    starts: std::sync::Mutex<Vec<Instant>>,
}

impl InjectedFault {
    pub(super) async fn started(&self, end: &LocalEnd) {
        self.starts.lock().unwrap().push(Instant::now());
        let left = self.deaths_left.load(Ordering::SeqCst);
        if left > 0 {
            self.deaths_left.store(left - 1, Ordering::SeqCst);
            end.fail();
            end.ended().await;
        }
    }
}

const LIMIT: Duration = Duration::from_secs(60);
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fn server_at(address: SocketAddr, method: &str, password: &str) -> Server {
    let password: String = password
        .bytes()
        .map(|byte| format!("%{byte:02x}"))
        .collect();
    Server::parse(&format!("ss://{method}:{password}@{address}")).unwrap()
}

async fn fetch(uplink: &Uplink, site: &Site) -> anyhow::Result<usize> {
    let login = Login {
        user: uplink.credentials().user(),
        password: uplink.credentials().password(),
    };
    let stream = socks::connect_as(uplink.address(), login, "127.0.0.1", site.port()).await?;
    Ok(socks::get(stream, "site.test", "/bytes/150000")
        .await?
        .body
        .len())
}

#[tokio::test]
async fn bytes_pass_with_every_method_there_is() {
    let site = Site::start().await.unwrap();
    let key_16 = "AAECAwQFBgcICQoLDA0ODw==";
    for (method, password) in [
        ("aes-128-gcm", "a password"),
        ("aes-256-gcm", "p:@/ä"),
        ("chacha20-ietf-poly1305", "x"),
        ("2022-blake3-aes-128-gcm", key_16),
        ("2022-blake3-aes-256-gcm", KEY),
        ("2022-blake3-chacha20-poly1305", KEY),
    ] {
        let far = ShadowsocksServer::start(method, password).await.unwrap();
        let server = server_at(far.address(), method, password);
        let (uplink, _keeper) = Uplink::start(server).await.unwrap();
        assert_eq!(fetch(&uplink, &site).await.unwrap(), 150_000, "{method}");
    }
}

#[tokio::test]
async fn nobody_passes_without_the_credentials() {
    let site = Site::start().await.unwrap();
    let far = ShadowsocksServer::start("aes-128-gcm", "x").await.unwrap();
    let (uplink, _keeper) = Uplink::start(server_at(far.address(), "aes-128-gcm", "x"))
        .await
        .unwrap();
    let (at, port) = (uplink.address(), site.port());
    socks::connect(at, "127.0.0.1", port).await.unwrap_err();
    let user = uplink.credentials().user();
    for password in ["", "wrong", uplink.credentials().user()] {
        let login = Login { user, password };
        socks::connect_as(at, login, "127.0.0.1", port)
            .await
            .unwrap_err();
    }
    assert_eq!(site.connections().len(), 0);
    assert!(at.ip().is_loopback());
    let (other, _keeper) = Uplink::start(server_at(far.address(), "aes-128-gcm", "x"))
        .await
        .unwrap();
    assert_ne!(
        other.credentials().password(),
        uplink.credentials().password()
    );
}

#[tokio::test]
async fn a_local_end_that_dies_refuses_and_comes_back_at_its_place() {
    let site = Site::start().await.unwrap();
    let far = ShadowsocksServer::start("aes-128-gcm", "x").await.unwrap();
    let (uplink, mut keeper) = Uplink::start(server_at(far.address(), "aes-128-gcm", "x"))
        .await
        .unwrap();
    let at = uplink.address();
    keeper.end.fail();
    keeper.end.ended().await;
    // The thread has reported its end. Its port closes together with its runtime.
    let mut running = uplink.running.subscribe();
    let again = async {
        running.wait_for(|running| !running).await.unwrap();
        assert_eq!(uplink.diagnose().await, Trouble::Down);
        running.wait_for(|running| *running).await.unwrap();
    };
    tokio::select! {
        error = keeper.keep(&uplink) => panic!("{error}"),
        done = timeout(LIMIT, again) => done.unwrap(),
    }
    assert_eq!(uplink.address(), at);
    assert_eq!(fetch(&uplink, &site).await.unwrap(), 150_000);
}

/// The clock is virtual and advances only while every task waits for it, so the pauses are exact.
#[tokio::test(start_paused = true)]
async fn a_local_end_that_dies_at_once_is_started_after_growing_pauses() {
    // No client connects, so no server is needed.
    let server = server_at(([127, 0, 0, 1], 1).into(), "aes-128-gcm", "x");
    let (uplink, mut keeper) = Uplink::start(server).await.unwrap();
    uplink.fault.deaths_left.store(8, Ordering::SeqCst);
    let began = Instant::now();
    keeper.end.fail();
    keeper.end.ended().await;
    let mut running = uplink.running();
    let mut said = Vec::new();
    let settled = async {
        loop {
            running.changed().await.unwrap();
            said.push(*running.borrow_and_update());
            if said.last() == Some(&true) && uplink.fault.starts.lock().unwrap().len() > 8 {
                break;
            }
        }
    };
    tokio::select! {
        error = keeper.keep(&uplink) => panic!("{error}"),
        () = settled => {}
    }
    let mut last = began;
    let mut pauses = Vec::new();
    for start in uplink.fault.starts.lock().unwrap().iter() {
        pauses.push((*start - last).as_secs());
        last = *start;
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    assert_eq!(
        last.elapsed().as_secs(),
        LIVED.as_secs(),
        "until it is said"
    );
    // The first restart after a long run is reported at once. Later restarts are reported only
    // after they have run for a while.
    assert!(
        said.ends_with(&[false, true]) && said.len() <= 4,
        "{said:?}"
    );
}

#[tokio::test]
async fn a_place_that_somebody_else_has_taken_is_given_up() {
    let far = ShadowsocksServer::start("aes-128-gcm", "x").await.unwrap();
    let (uplink, mut keeper) = Uplink::start(server_at(far.address(), "aes-128-gcm", "x"))
        .await
        .unwrap();
    let at = uplink.address();
    keeper.end.fail();
    keeper.end.join();
    let _thief = std::net::TcpListener::bind(at).unwrap();
    let error = timeout(LIMIT, keeper.keep(&uplink)).await.unwrap();
    assert_eq!(error, UplinkError::System(std::io::ErrorKind::AddrInUse));
    assert_eq!(uplink.diagnose().await, Trouble::Down);
}

#[tokio::test]
async fn a_server_that_is_gone_and_one_that_keeps_silent_are_told_apart() {
    let site = Site::start().await.unwrap();
    for (method, right, wrong) in [
        ("aes-256-gcm", "right", "wrong"),
        (
            "2022-blake3-aes-256-gcm",
            KEY,
            "AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        ),
    ] {
        let far = ShadowsocksServer::start(method, right).await.unwrap();
        let (uplink, _keeper) = Uplink::start(server_at(far.address(), method, wrong))
            .await
            .unwrap();
        assert_eq!(uplink.diagnose().await, Trouble::Silent);
        let fetched = timeout(Duration::from_secs(2), fetch(&uplink, &site)).await;
        assert!(!matches!(fetched, Ok(Ok(_))), "{method}");
        drop(far);
        assert_eq!(uplink.diagnose().await, Trouble::Unreachable);
    }
    assert_eq!(site.connections().len(), 0);
}
