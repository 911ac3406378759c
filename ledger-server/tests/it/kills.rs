//! The real server is killed while devices submit to it, thirty times: nothing that left is lost,
//! and nothing is awarded twice.

use crate::{
    load::{Load, stored},
    program::{Home, Serving},
};
use onionmeter_ledger::store::Place;
use std::{net::SocketAddr, path::Path};

const KILLS: u64 = 30;

fn address(serving: &Serving) -> SocketAddr {
    serving.word("listen").parse().expect("an address")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn d_11_thirty_kills_of_the_server_under_load_lose_no_receipt_and_award_nothing_twice() {
    let home = Home::new();
    let mut serving = home.serve(&[]);
    home.told(&["policy", "set", "--reports-per-minute", "1000000"]);
    serving.kill();
    serving = home.serve(&[]);
    let load = Load::begin(address(&serving)).await;
    let killing = tokio::task::spawn_blocking(move || {
        for kill in 0..KILLS {
            load.wait_for_receipts(1 + kill * 37 % 101);
            serving.kill();
            // The load meets a server that is not there.
            load.wait_for_a_failure();
            serving = home.serve(&[]);
            load.go_to(vec![address(&serving)]);
        }
        load.wait_for_receipts(1);
        (home, serving, load)
    });
    let (home, serving, load) = killing.await.expect("killed and started");
    let heard = load.end().await;
    serving.kill();
    check(&home, &home.database(), heard.len());
    assert_eq!(stored(&Place::File(home.database())), heard);
    assert!(heard.len() > 600, "{} reports are no load", heard.len());
}

/// Recomputes everything with the program, before anything else opens what the last kill left.
fn check(home: &Home, database: &Path, reports: usize) {
    assert!(database.is_file());
    let told = home.told(&["audit"]);
    assert_eq!(told["state"], "sound", "{told}");
    assert_eq!(told["reports"], reports.to_string(), "{told}");
}
