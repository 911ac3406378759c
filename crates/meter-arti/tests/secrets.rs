//! Uses a way up to the point where its secrets are needed, and checks the log for them.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

#[path = "support/child.rs"]
#[expect(dead_code, reason = "other tests say more")]
mod child;
#[path = "support/log.rs"]
mod log;

use std::{path::PathBuf, sync::Arc};

use child::{Child, LIMIT, NOWHERE};
use log::Log;
use meter_arti::{Ended, Secrets};
use meter_embedded::{EmbeddedTransport, EmbeddedWay};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};

const USER: &str = "secret-user";
const PASSWORD: &str = "secret-password";
/// Has the required length; it is not a real certificate.
const CERT: &str = "Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYQ";

#[tokio::test]
async fn the_secrets_of_a_way_reach_its_end_and_no_log() {
    let log = Log::begin();
    let end = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = end.local_addr().unwrap();

    let proxy = EmbeddedWay::Proxy {
        address,
        user: USER.into(),
        password: PASSWORD.into(),
    };
    let child = Child::begun_on(NOWHERE, proxy, hidden_in(&log)).await;
    let credentials = timeout(LIMIT, credentials(accept(&end).await))
        .await
        .unwrap();
    assert_eq!(credentials, (USER.to_owned(), PASSWORD.to_owned()));
    assert_eq!(child.orphaned().await, Ended::Asked);

    let bridge = format!("obfs4 {address} {} cert={CERT} iat-mode=0", "A".repeat(40));
    let transport = EmbeddedTransport {
        name: "obfs4".into(),
        program: obfs4proxy().to_str().unwrap().into(),
    };
    let bridges = EmbeddedWay::Bridges {
        lines: vec![bridge],
        transports: vec![transport],
    };
    let child = Child::begun_on(NOWHERE, bridges, hidden_in(&log)).await;
    // With a certificate that it does not understand, the transport would not get this far.
    drop(accept(&end).await);
    assert_eq!(child.orphaned().await, Ended::Asked);

    log.holds_nothing_of(&[USER, PASSWORD, CERT]);
}

/// Stores the secrets that the log gets when it is set up for a child.
fn hidden_in(log: &Log) -> impl FnOnce(&str, Secrets) + Send + 'static {
    let known = Arc::clone(&log.secrets);
    move |_, secrets| *known.lock().unwrap() = secrets
}

async fn accept(listener: &TcpListener) -> TcpStream {
    timeout(LIMIT, listener.accept()).await.unwrap().unwrap().0
}

/// Returns the user name and password that a client sends when it is asked for them (RFC 1928, RFC
/// 1929).
async fn credentials(mut client: TcpStream) -> (String, String) {
    assert_eq!(client.read_u8().await.unwrap(), 5);
    text(&mut client).await;
    client.write_all(&[5, 2]).await.unwrap();
    assert_eq!(client.read_u8().await.unwrap(), 1);
    (text(&mut client).await, text(&mut client).await)
}

async fn text(client: &mut TcpStream) -> String {
    let mut bytes = vec![0; client.read_u8().await.unwrap().into()];
    client.read_exact(&mut bytes).await.unwrap();
    String::from_utf8(bytes).unwrap()
}

fn obfs4proxy() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    let mut folders = std::env::split_paths(&path).chain(["/usr/bin".into()]);
    let found = folders.find(|folder| folder.join("obfs4proxy").is_file());
    found
        .expect("`sudo apt install obfs4proxy`")
        .join("obfs4proxy")
}
