//! A ledger that changes its key while its hosts go on.

use crate::place::LIMIT;
use crate::place::Place;
use checks::between::{Rule, Step};

fn rotates(place: &mut Place) {
    place.ledger.kill().unwrap();
    place.ledger.run(&["rotate-key"]).unwrap();
    place.ledger.start_again().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_that_starts_after_the_ledger_changed_its_key_twice_goes_on_by_itself() {
    let mut place = Place::new().await;
    place.person.earns(2);
    place.settles().await;
    rotates(&mut place);
    rotates(&mut place);
    place.person.dies().await;
    place.person.earns(2);
    place.settles().await;
    // And once more, although the newest known key is no pinned one now.
    rotates(&mut place);
    place.person.dies().await;
    place.person.earns(1);
    place.settles().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_person_asks_of_the_account_is_answered_after_a_change_of_the_key() {
    let mut place = Place::new().await;
    rotates(&mut place);
    let devices = place.person.host.run(&["ledger", "devices"]).unwrap();
    assert!(devices.contains("this device"), "{devices}");
    rotates(&mut place);
    place.person.host.run(&["ledger", "invite"]).unwrap();
    place.person.earns(1);
    place.settles().await;
}

/// The receipts that were lost on the way are of the old key, and those after them of the new one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_the_key_while_reports_are_under_way_loses_nothing() {
    let mut place = Place::new().await;
    place.between.rule(Rule::Stop(Step::AfterSending));
    place.person.earns(2);
    place.between.applied(LIMIT).await.unwrap();
    rotates(&mut place);
    place.between.rule(Rule::Pass);
    place.person.earns(2);
    place.settles().await;
    // The same with a daemon that knows nothing of it.
    place.between.rule(Rule::Stop(Step::AfterSending));
    place.person.earns(2);
    place.between.applied(LIMIT).await.unwrap();
    rotates(&mut place);
    place.person.dies().await;
    place.between.rule(Rule::Pass);
    place.settles().await;
}

/// Receipts from before the change, in a file from before it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn receipts_that_are_put_back_from_before_a_change_of_the_key_are_completed_again() {
    let mut place = Place::new().await;
    place.person.earns(2);
    place.settles().await;
    let person = &mut place.person;
    person.host.end().unwrap();
    let file = person.host.folder().join("om/receipts.sqlite3");
    let older = std::fs::read(&file).unwrap();
    person.starts().await;
    rotates(&mut place);
    place.person.earns(2);
    place.settles().await;
    place.person.host.end().unwrap();
    std::fs::write(&file, older).unwrap();
    rotates(&mut place);
    place.person.starts().await;
    place.person.earns(1);
    place.settles().await;
}

/// Its folder was lost, or somebody else answers at its address.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_ledger_at_the_same_address_is_called_so_and_gets_no_account() {
    let mut place = Place::new().await;
    place.person.earns(1);
    place.settles().await;
    place.ledger.kill().unwrap();
    let [data, kept] = ["ledger", "kept"].map(|name| place.ledger.folder().join(name));
    std::fs::rename(&data, &kept).unwrap();
    place.ledger.start_again().unwrap();
    place.person.earns(1);
    for command in ["devices", "invite"] {
        let refused = place.person.host.run(&["ledger", command, "--json"]);
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains("ledger_changed"), "{refused}");
    }
    let told = place.ledger.run(&["account", "list"]).unwrap();
    assert!(!told.contains(&place.person.account), "{told}");
    assert_eq!(place.person.status().ledger.unwrap().waiting_reports.0, 1);

    place.ledger.kill().unwrap();
    std::fs::remove_dir_all(&data).unwrap();
    std::fs::rename(&kept, &data).unwrap();
    place.ledger.start_again().unwrap();
    place.settles().await;
    place.has_receipts(2);
}
