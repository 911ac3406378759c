//! Two real servers on one PostgreSQL, and one of the three is killed while devices submit, thirty
//! times: nothing that left is lost, and nothing is awarded twice.

use crate::{
    home::{new_database, place},
    load::{Load, stored},
    program::{Home, Serving},
};
use meter_testkit::postgres::{Postgres, Stop};
use std::{fs, net::SocketAddr, os::unix::fs::DirBuilderExt as _};

const KILLS: u64 = 30;

/// What is killed and started again.
struct Victims {
    postgres: Postgres,
    url: String,
    homes: [Home; 2],
    serving: [Serving; 2],
}

impl Victims {
    fn new() -> Self {
        let postgres = Postgres::start().expect("PostgreSQL");
        let url = postgres.url(&new_database(&postgres));
        let homes = [Home::new(), Home::new()];
        homes[0].serve(&["--database", &url]).kill();
        let faster = ["policy", "set", "--reports-per-minute", "1000000"];
        homes[0].told(&[&faster[..], &["--database", &url]].concat());
        // The second one brings the receipt key of the first.
        let mut private = fs::DirBuilder::new();
        private.mode(0o700).create(homes[1].path()).expect("made");
        let [one, other] = [0, 1].map(|home: usize| homes[home].path().join("receipt-key"));
        fs::copy(one, other).expect("copied");
        let serving = [0, 1].map(|home: usize| homes[home].serve(&["--database", &url]));
        Self {
            postgres,
            url,
            homes,
            serving,
        }
    }

    fn addresses(&self) -> Vec<SocketAddr> {
        let listen = |serving: &Serving| serving.word("listen").parse().expect("an address");
        self.serving.iter().map(listen).collect()
    }

    fn kill_postgres(&mut self, load: &Load) {
        self.postgres.stop_by(Stop::Kill).expect("killed");
        // The load meets a database that is not there.
        load.wait_for_a_failure();
        self.postgres.start_again().expect("started");
    }

    /// Kills one of the servers while the other one goes on.
    fn kill_server(&mut self, number: usize, load: &Load) {
        // Dropping it kills it; the folder is locked until then.
        let server = &mut self.serving[number];
        server.child.kill().expect("ours");
        server.child.wait().expect("ours");
        *server = self.homes[number].serve(&["--database", &self.url]);
        load.go_to(self.addresses());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn thirty_kills_of_servers_and_postgres_under_load_lose_no_receipt_and_award_nothing_twice() {
    let mut victims = Victims::new();
    let first = victims.addresses()[0];
    let load = Load::begin(first).await;
    load.go_to(victims.addresses());
    let killing = tokio::task::spawn_blocking(move || {
        for kill in 0..KILLS {
            load.wait_for_receipts(1 + kill * 37 % 101);
            match kill % 4 {
                0 => victims.kill_server(0, &load),
                2 => victims.kill_server(1, &load),
                _ => victims.kill_postgres(&load),
            }
        }
        load.wait_for_receipts(1);
        (victims, load)
    });
    let (victims, load) = killing.await.expect("killed and started");
    let heard = load.end().await;
    let Victims { url, homes, .. } = &victims;
    let told = homes[0].told(&["audit", "--database", url]);
    assert_eq!(told["state"], "sound", "{told}");
    assert_eq!(told["reports"], heard.len().to_string(), "{told}");
    assert_eq!(stored(&place(url)), heard);
    assert!(heard.len() > 600, "{} reports are no load", heard.len());
}
