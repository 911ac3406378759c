//! What a ledger writes can be read by its user alone.

use crate::program::{Home, PROGRAM, fill};
use std::{
    fs::{self, File, Permissions},
    io::{BufRead as _, BufReader},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

fn mode(path: &Path) -> u32 {
    let about = fs::metadata(path).expect("there");
    about.permissions().mode() & 0o777
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let all = fs::read_dir(folder).expect("there");
    let all = all.map(|entry| entry.expect("readable").path());
    all.filter(|path| path.is_file()).collect()
}

#[tokio::test]
async fn every_file_of_a_ledger_has_mode_600_with_its_log_its_copies_and_its_guard() {
    let home = Home::new();
    let opened = home.open();
    fill(&opened.ledger, 1, 2).await;
    let outside = home.outer.path().join("copies");
    fs::create_dir(&outside).expect("ours");
    let copy = outside.join("backup.sqlite3");
    home.told(&["backup", copy.to_str().expect("text")]);
    let names: Vec<_> = files(&home.path());
    assert!(
        names
            .iter()
            .any(|path| path.ends_with("ledger.sqlite3-wal"))
    );
    assert!(names.iter().any(|path| path.ends_with("ledger.guard")));
    for path in names {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    drop(opened);
    let other = outside.join("other.sqlite3");
    let from = home.database();
    let (from, to) = (from.to_str().expect("text"), other.to_str().expect("text"));
    home.told(&["copy", "--from", from, "--to", to]);
    home.told(&["restore", copy.to_str().expect("text")]);
    for path in files(&outside).into_iter().chain(files(&home.path())) {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn a_database_that_others_may_read_is_theirs_no_more_after_a_start_which_says_so_once() {
    let home = Home::new();
    drop(home.open());
    fs::set_permissions(home.database(), Permissions::from_mode(0o644)).expect("ours");
    let log = home.outer.path().join("log");
    for times in [1, 0] {
        let mut serving = Command::new(PROGRAM)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(home.path())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).expect("ours"))
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        let out = serving.stdout.take().expect("a pipe");
        let read = BufReader::new(out).read_line(&mut line);
        read.expect("it prints");
        assert_eq!(mode(&home.database()), 0o600);
        serving.kill().expect("running");
        serving.wait().expect("ended");
        let text = fs::read_to_string(&log).expect("written");
        assert_eq!(text.matches("now it has mode 600").count(), times, "{text}");
    }
}
