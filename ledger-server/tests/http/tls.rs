//! TLS of the server itself, with a certificate that `openssl` makes for the test.

use crate::{client::Client, running::start};
use onionmeter_ledger::http::{Limits, Tls, Transport};
use std::{
    io::Write as _,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};
use tempfile::TempDir;
use tokio::task::spawn_blocking;

/// Certificate and key, in PEM format.
fn certificate(folder: &Path) -> (PathBuf, PathBuf) {
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ed25519", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=localhost", "-keyout"])
        .args([&key, Path::new("-out"), &certificate])
        .stderr(Stdio::null())
        .status();
    assert!(made.expect("install the package openssl").success());
    (certificate, key)
}

/// What a client prints that offers HTTP/2 and HTTP/1.1 and sends one request.
fn asked(to: SocketAddr) -> String {
    let mut client = Command::new("openssl")
        .args([
            "s_client",
            "-ign_eof",
            "-alpn",
            "h2,http/1.1",
            "-connect",
            &to.to_string(),
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("install the package openssl");
    let request = format!("GET /api/hello HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\n\r\n");
    let mut input = client.stdin.take().expect("a pipe");
    input.write_all(request.as_bytes()).expect("written");
    let output = client.wait_with_output().expect("ended");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_tls_the_server_speaks_http_1_and_closes_who_does_not_finish_the_handshake() {
    let folder = TempDir::new().expect("a folder");
    let (certificate, key) = certificate(folder.path());
    let tls = Tls::from_files(&certificate, &key)
        .await
        .expect("a certificate");
    let transport = Transport {
        tls: Some(tls),
        names_circuit: false,
    };
    let limits = Limits {
        head: Duration::from_secs(5),
        ..Limits::default()
    };
    let running = start(limits, transport);
    let to = running.to;
    let printed = spawn_blocking(move || asked(to)).await.expect("no panic");
    assert!(printed.contains("ALPN protocol: http/1.1"), "{printed}");
    assert!(
        printed.contains("HTTP/1.1 200 OK") && printed.contains("hello"),
        "{printed}"
    );
    let mut silent = Client::connect(to).await;
    assert!(!silent.closed().await);
    let mut plain = Client::connect(to).await;
    plain.send("GET /api/hello HTTP/1.1\r\n\r\n").await;
    plain.closed().await;
    running.ended().await;
}

#[tokio::test]
async fn a_file_that_is_no_certificate_is_refused() {
    let folder = TempDir::new().expect("a folder");
    let (certificate, key) = certificate(folder.path());
    for (certificate, key) in [(&key, &certificate), (&certificate, &certificate)] {
        Tls::from_files(certificate, key)
            .await
            .expect_err("not what its name says");
    }
    let missing = folder.path().join("missing.pem");
    Tls::from_files(&missing, &key).await.expect_err("missing");
}
