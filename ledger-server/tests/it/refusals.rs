//! Starts that are refused: one sentence each, with what to do, and nothing is overwritten.

use crate::program::{Home, PROGRAM, fill};
use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Command};

const SERVE: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];

/// A folder with a ledger in it.
fn used() -> Home {
    let home = Home::new();
    drop(home.open());
    home
}

fn bytes(path: &Path) -> Vec<u8> {
    fs::read(path).expect("there")
}

#[test]
fn a_file_that_is_no_database_is_left_as_it_is() {
    let home = used();
    fs::write(
        home.database(),
        b"somebody's letters, much longer than a header of a database",
    )
    .expect("ours");
    let before = bytes(&home.database());
    let text = home.refused(&SERVE, 2);
    assert!(text.contains("is not a database of this ledger"), "{text}");
    assert_eq!(bytes(&home.database()), before);
}

#[test]
fn a_database_with_torn_pages_is_named_and_left_as_it_is() {
    let home = used();
    let mut torn = bytes(&home.database());
    for byte in &mut torn[4096..] {
        *byte = 0x5a;
    }
    fs::write(home.database(), &torn).expect("ours");
    let text = home.refused(&SERVE, 2);
    assert!(text.contains("othing in it was changed") || text.contains("othing was changed"));
    assert!(text.contains("onionmeter-ledger restore FILE"), "{text}");
    assert_eq!(bytes(&home.database()), torn);
}

#[tokio::test]
async fn a_database_of_the_first_version_is_taken_on_and_its_browsers_sign_in_again() {
    let home = Home::new();
    let opened = home.open();
    let reporter = fill(&opened.ledger, 1, 2).await.remove(0);
    let of = Some((reporter.account, reporter.device.key()));
    let link = opened.ledger.new_login(of).expect("a link");
    let (secret, _) = opened.ledger.use_login(&link.token).expect("once");
    drop(opened);
    rusqlite::Connection::open(home.database())
        .expect("ours")
        .execute_batch(
            "ALTER TABLE web_sessions DROP COLUMN device_key; UPDATE ledger SET version = 1",
        )
        .expect("ours");
    let opened = home.open();
    assert_eq!(opened.ledger.web_session(&secret).expect("read"), None);
    let link = opened.ledger.new_login(of).expect("a link");
    let (secret, _) = opened.ledger.use_login(&link.token).expect("once");
    let session = opened.ledger.web_session(&secret).expect("read");
    assert_eq!(session.expect("signed in").account, Some(reporter.account));
    drop(opened);
    assert_eq!(home.told(&["audit"])["state"], "sound");
}

#[test]
fn d_03_a_database_of_a_later_version_is_refused() {
    let home = used();
    let connection = rusqlite::Connection::open(home.database()).expect("ours");
    connection
        .execute("UPDATE ledger SET version = 99", [])
        .expect("ours");
    drop(connection);
    let text = home.refused(&SERVE, 2);
    assert!(text.contains("version 99"), "{text}");
    assert!(text.contains("newer onionmeter-ledger"), "{text}");
}

#[test]
fn a_key_is_never_made_anew_for_a_database_that_has_one() {
    let home = used();
    let key = home.path().join("receipt-key");
    let right = bytes(&key);
    fs::remove_file(&key).expect("ours");
    let text = home.refused(&SERVE, 2);
    assert!(text.contains("receipt-key is not there"), "{text}");
    assert!(!key.exists_now(), "no other key was made");
    fs::write(&key, [9; 32]).expect("ours");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("ours");
    let text = home.refused(&SERVE, 2);
    assert!(
        text.contains("signs its receipts with another key"),
        "{text}"
    );
    fs::write(&key, &right).expect("ours");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("ours");
    let text = home.refused(&SERVE, 2);
    assert!(text.contains("chmod 600"), "{text}");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("ours");
    home.serve(&[]);
}

trait ExistsNow {
    fn exists_now(&self) -> bool;
}

impl ExistsNow for std::path::PathBuf {
    fn exists_now(&self) -> bool {
        self.try_exists().expect("readable")
    }
}

#[tokio::test]
async fn a_database_that_is_gone_is_not_begun_anew() {
    let home = Home::new();
    let opened = home.open();
    fill(&opened.ledger, 1, 3).await;
    drop(opened);
    let kept = home.outer.path().join("kept");
    fs::rename(home.database(), &kept).expect("ours");
    let text = home.refused(&SERVE, 2);
    assert!(
        text.contains("is gone") && text.contains("3 receipts"),
        "{text}"
    );
    assert!(!home.database().exists_now());
    fs::rename(&kept, home.database()).expect("ours");
    home.serve(&[]);
}

#[test]
fn a_mistake_in_the_settings_is_named_with_its_line() {
    let home = used();
    let config = home.path().join("config.toml");
    fs::write(&config, "log = \"warn\"\nlisten = \"nowhere\"\n").expect("ours");
    let text = home.refused(&SERVE, 78);
    assert!(
        text.contains("config.toml") && text.contains("line 2"),
        "{text}"
    );
    fs::write(&config, "origins = [\"ledger.onion\"]\n").expect("ours");
    let text = home.refused(&SERVE, 78);
    assert!(text.contains("ledger.onion is no origin"), "{text}");
    fs::write(&config, "listen = \"0.0.0.0:0\"\n").expect("ours");
    let text = home.refused(&["serve"], 78);
    assert!(text.contains("0.0.0.0:0 means every address"), "{text}");
    // An option names what the file does not, and other commands need no address.
    home.serve(&["--origin", "http://ledger.onion"]);
    home.told(&["policy"]);
}

#[test]
fn a_command_on_a_folder_without_a_ledger_makes_nothing_and_says_how_to_start_one() {
    let home = Home::new();
    for words in [
        &["audit"][..],
        &["policy"],
        &["account", "list"],
        &["backup", "copy"],
    ] {
        let text = home.refused(words, 2);
        assert!(
            text.contains("onionmeter-ledger serve --data"),
            "{words:?}: {text}"
        );
        assert!(!home.path().exists_now());
    }
    fs::create_dir(home.path()).expect("ours");
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o700)).expect("ours");
    let text = home.refused(&["audit"], 2);
    assert!(text.contains("onionmeter-ledger serve --data"), "{text}");
    assert!(!home.database().exists_now());
}

/// Runs a script in a mount namespace of its own; `None` if this system does not allow one.
pub(crate) fn in_namespace(script: &str, words: &[&Path]) -> Option<std::process::Output> {
    let possible = Command::new("unshare").args(["--mount", "true"]).output();
    if !possible.is_ok_and(|output| output.status.success()) {
        return None;
    }
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "sh", "-ec", script, "sh"])
        .args(words);
    Some(command.output().expect("unshare starts"))
}

#[test]
fn a_folder_on_a_file_system_that_takes_nothing_is_named() {
    let home = used();
    let script = "mount --bind \"$1\" \"$1\"; mount -o remount,bind,ro \"$1\"; \
                  exec \"$2\" serve --listen 127.0.0.1:0 --data \"$1\"";
    let Some(output) = in_namespace(script, &[&home.path(), Path::new(PROGRAM)]) else {
        return;
    };
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("nothing can be written in"), "{text}");
}
