//! The private network is a Tor network: clients bootstrap, circuits have three hops, exits resolve
//! names.

#![expect(
    clippy::unwrap_used,
    reason = "a panic is how a test fails, helpers included"
)]

use std::{fs, path::Path, process::Command, time::Duration};

use meter_testkit::{
    site::Site,
    socks::{self, Refused},
    tor_network::{ClientPorts, TorClient, TorNetwork},
};

const LIMIT: Duration = Duration::from_secs(60);

/// One network for all checks, because booting it takes most of the time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_private_network_boots_serves_holds_still_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let network = TorNetwork::boot(folder.path()).await.unwrap();
    let mut client = network.start_client(ClientPorts::hold().unwrap()).unwrap();
    client.wait_until_ready(LIMIT).await.unwrap();

    a_named_site_is_fetched_through_the_exit(&client).await;
    circuits_of_streams_have_three_hops(&client).await;
    a_name_outside_test_does_not_exist(&client).await;
    torrc_lines_are_enough_for_another_tor(&network, folder.path()).await;
    a_paused_network_holds_a_client_back(&network).await;

    let inside = folder.path().to_str().unwrap().to_owned();
    assert!(
        processes_naming(&inside) > 0,
        "the daemons name their folder"
    );
    drop((client, network));
    assert_eq!(processes_naming(&inside), 0, "no daemon is left");
}

async fn a_named_site_is_fetched_through_the_exit(client: &TorClient) {
    let site = Site::start().await.unwrap();
    let stream = socks::connect(client.socks(), "site.test", site.port())
        .await
        .unwrap();
    let ours = stream.local_addr().unwrap();
    let fetched = socks::get(stream, "site.test", "/bytes/150000")
        .await
        .unwrap();

    let records = site
        .wait_until(LIMIT, |all| all.iter().all(|one| !one.open))
        .await
        .unwrap();
    assert_eq!(records.len(), 1);
    assert_eq!(fetched.body.len(), 150_000);
    assert_eq!(
        (records[0].received, records[0].sent),
        (fetched.sent, fetched.received)
    );
    assert_ne!(records[0].peer, ours, "the exit's connection, not ours");
}

async fn circuits_of_streams_have_three_hops(client: &TorClient) {
    let site = Site::start().await.unwrap();
    let mut stream = socks::connect(client.socks(), "site.test", site.port())
        .await
        .unwrap();
    let streams = client
        .ask("GETINFO stream-status")
        .await
        .unwrap()
        .join("\n");
    let circuits = client.ask("GETINFO circuit-status").await.unwrap();
    // "STREAM SUCCEEDED CIRCUIT target"
    let words: Vec<&str> = streams
        .split("stream-status=")
        .last()
        .unwrap()
        .split(' ')
        .collect();
    assert_eq!(words[1], "SUCCEEDED", "{streams}");
    let circuit = circuits.iter().find(|line| {
        let line = line.trim_start_matches("circuit-status=");
        line.split(' ').next() == Some(words[2])
    });
    // "CIRCUIT BUILT $FINGERPRINT~name,$…,$… …"
    let path = circuit.unwrap().split(' ').nth(2).unwrap();
    assert_eq!(path.split(',').count(), 3, "{path}");
    tokio::io::AsyncWriteExt::shutdown(&mut stream)
        .await
        .unwrap();
}

async fn a_name_outside_test_does_not_exist(client: &TorClient) {
    let refused = socks::connect(client.socks(), "example.org", 80)
        .await
        .unwrap_err();
    // 4, "host unreachable": the exit found no such name.
    assert_eq!(refused.downcast_ref(), Some(&Refused { reply: 4 }));
}

async fn torrc_lines_are_enough_for_another_tor(network: &TorNetwork, folder: &Path) {
    let home = folder.join("another");
    fs::create_dir(&home).unwrap();
    let ports = ClientPorts::hold().unwrap();
    let mut torrc = network.client_torrc().join("\n");
    torrc += &format!(
        "\nDataDirectory {}\nSocksPort {}\n",
        home.display(),
        ports.socks.number()
    );
    torrc += &format!("Log notice file {}/log\n", home.display());
    fs::write(home.join("torrc"), torrc).unwrap();
    fs::write(home.join("empty"), "").unwrap();
    let mut command = Command::new("tor");
    command
        .arg("-f")
        .arg(home.join("torrc"))
        .arg("--defaults-torrc")
        .arg(home.join("empty"));
    let mut tor = command.arg("--quiet").spawn().unwrap();

    let fetched = tokio::time::timeout(LIMIT, async {
        let site = Site::start().await.unwrap();
        let proxy = ports.socks.address();
        // Refused until the client listens. After that it keeps the stream until there is a
        // circuit.
        loop {
            if let Ok(stream) = socks::connect(proxy, "site.test", site.port()).await {
                return socks::get(stream, "site.test", "/bytes/10").await.unwrap();
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    let body_bytes = fetched.await.map(|fetched| fetched.body.len());
    tor.kill().unwrap();
    tor.wait().unwrap();
    assert_eq!(body_bytes, Ok(10));
}

async fn a_paused_network_holds_a_client_back(network: &TorNetwork) {
    network.pause().unwrap();
    let mut client = network.start_client(ClientPorts::hold().unwrap()).unwrap();
    // The client got as far as possible without an answer: connected, and no further.
    let held = client
        .wait_until_ready(Duration::from_secs(4))
        .await
        .unwrap_err()
        .to_string();
    assert!(held.contains("not bootstrapped"), "{held}");
    // On a busy machine it may not have opened its control port in that time.
    let percent = tokio::time::timeout(LIMIT, async {
        loop {
            if let Ok(percent) = client.bootstrap_percent().await {
                return percent;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    let percent = percent.await.unwrap();
    assert!(percent < 50, "{percent} %");
    network.resume().unwrap();
    client.wait_until_ready(LIMIT).await.unwrap();
}

/// Live processes (zombies have no command line) with `text` in their arguments.
fn processes_naming(text: &str) -> usize {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let lines = entries.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    lines
        .filter(|line| String::from_utf8_lossy(line).contains(text))
        .count()
}
