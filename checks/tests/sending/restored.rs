//! Backups that are put back while the ledger goes on.

use crate::place::{Place, lowered};
use checks::earner::Earner;
use meter_wire::{RestoredState, Status};
use std::{fs, path::PathBuf};

struct Backup {
    file: PathBuf,
    words: PathBuf,
}

impl Backup {
    /// A backup of the host as it is now.
    fn of(place: &Place) -> Self {
        let host = &place.person.host;
        let at = |name| host.folder().join(name);
        let (file, words) = (at("kept.age"), at("words"));
        fs::write(&words, "correct horse battery staple\n").unwrap();
        let backup = Self { file, words };
        host.run(&backup.command("backup")).unwrap();
        backup
    }

    fn command(&self, name: &'static str) -> [&str; 4] {
        let [file, words] = [&self.file, &self.words].map(|path| path.to_str().unwrap());
        [name, file, "--passphrase-file", words]
    }

    /// Puts it back in the place of what is there, and starts the daemon.
    async fn is_put_back(&self, place: &mut Place) {
        let person = &mut place.person;
        person.host.end().unwrap();
        let command = [&self.command("restore")[..], &["--replace"]].concat();
        person.host.run(&command).unwrap();
        person.starts().await;
    }
}

/// The ledger has seen nothing later, so nothing has to begin anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_the_last_report_goes_on_with_its_chain() {
    let mut place = Place::new().await;
    place.person.earns(2);
    place.settles().await;
    let before = place.person.status();
    let backup = Backup::of(&place);
    backup.is_put_back(&mut place).await;
    place.person.sees(|status| status.restored.is_none()).await;
    place.person.earns(1);
    place.settles().await;
    assert_eq!(place.person.status().chain, before.chain);
    place.has_receipts(3);
}

/// To sign the third report again would be a second history of one chain.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d_06_l_06_an_older_backup_asks_the_ledger_begins_a_new_chain_and_forks_nothing() {
    let mut place = Place::new().await;
    place.person.earns(2);
    place.settles().await;
    let before = place.person.status();
    let backup = Backup::of(&place);
    place.person.earns(2);
    place.settles().await;
    backup.is_put_back(&mut place).await;
    let began = |status: &Status| {
        let restored = status.restored.as_ref();
        restored.is_some_and(|restored| restored.state == RestoredState::NewChain)
    };
    let status = place.person.sees(began).await;
    assert_ne!(status.chain, before.chain);
    place.person.earner = Earner::of(&place.person.host).unwrap();
    place.person.earns(2);
    let status = place.person.is_answered().await;
    let ledger = status.ledger.as_ref().unwrap();
    let answered = ledger.credited.0 + lowered(ledger) + ledger.waiting.0;
    assert_eq!(
        status.balance.0 + status.earlier.amount.0,
        answered,
        "{status:?}"
    );
    assert_eq!(ledger.chain_end.as_deref(), Some("ahead"), "{ledger:?}");
    let told = place
        .ledger
        .run(&["account", "show", &place.person.account, "--json"]);
    let told: serde_json::Value = serde_json::from_str(&told.unwrap()).unwrap();
    assert_eq!(told["reports"].to_string().trim_matches('"'), "6", "{told}");
    let audited = place.ledger.run(&["audit", "--json"]).unwrap();
    let audited: serde_json::Value = serde_json::from_str(&audited).unwrap();
    assert_eq!(audited["state"], "sound", "{audited}");
}
