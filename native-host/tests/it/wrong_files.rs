//! Files that a person takes for others: each refusal is one sentence that says what the file is
//! and what to do.

use crate::{
    book::book,
    said::{Said, check},
    support::{PROGRAM, TestHome},
    terminal::answered,
};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const WORDS: &str = "correct horse battery staple";

/// A home with reports, and every kind of file that can be made of it.
struct Files {
    home: TestHome,
    backup: PathBuf,
    export: PathBuf,
    reports: PathBuf,
}

impl Files {
    fn make() -> Self {
        let home = TestHome::new();
        drop(book(&home, 2));
        let [backup, export, reports] =
            ["kept.age", "export.json", "reports.json"].map(|name| home.user().join(name));
        let mut made = with_words(&home, "backup", &backup);
        Said::of(&mut made).expect(0, &["2 reports"]);
        check(&home, &["export", text(&export)], 0, &[]);
        let file = File::create(&reports).expect("ours");
        let told = home.command(&["reports", "--json"]).stdout(file).status();
        assert!(told.expect("it starts").success());
        Self {
            home,
            backup,
            export,
            reports,
        }
    }

    fn written(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.home.user().join(name);
        fs::write(&path, content).expect("ours");
        path
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn with_words(home: &TestHome, command: &str, file: &Path) -> Command {
    let words = home.user().join("words");
    fs::write(&words, WORDS).expect("ours");
    let mut command = home.command(&[command, text(file), "--passphrase-file"]);
    command.arg(words);
    command
}

/// One sentence on one line, without what a person cannot act upon.
#[track_caller]
fn one_line(said: Said, code: i32, parts: &[&str]) {
    let said = said.expect(code, parts);
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[track_caller]
fn not_restored(home: &TestHome, file: &Path, code: i32, parts: &[&str]) {
    let parts = [parts, &["nothing was changed"]].concat();
    one_line(
        Said::of(&mut with_words(home, "restore", file)),
        code,
        &parts,
    );
    let key = home.root().join("key").symlink_metadata();
    assert!(key.is_err(), "{parts:?}");
}

#[test]
fn restore_says_what_a_file_is_that_is_no_backup() {
    let files = Files::make();
    let new = TestHome::new();
    let backup = fs::read(&files.backup).expect("ours");
    let takes = "`restore` takes a file of `onionmeter backup`";
    let reads = "is an export, which `onionmeter verify` reads";
    not_restored(&new, &files.export, 65, &[reads, takes]);
    not_restored(
        &new,
        new.user(),
        66,
        &["is a folder, so name a file in it", takes],
    );
    let empty = files.written("empty", b"");
    not_restored(&new, &empty, 65, &["is empty; copy it again"]);
    let words = files.written("words.txt", b"Dear friend");
    not_restored(&new, &words, 65, &["is no file of reports", takes]);
    let later = files.written("later", b"{\"format\":\"onionmeter-export/9\"}");
    not_restored(&new, &later, 65, &[reads]);
    let export = fs::read(&files.export).expect("ours");
    let cut = files.written("cut.json", &export[..export.len() / 2]);
    not_restored(&new, &cut, 65, &["the end of", "is missing; copy it again"]);
    for length in [1, 18, 19, 20, 21, 22, 30, 60, 100, 150, backup.len() - 1] {
        let cut = files.written("cut.age", &backup[..length]);
        let parts = ["end", "is missing", "copy it again from where it was made"];
        not_restored(&new, &cut, 65, &parts);
    }
    // What came by a pipe.
    let mut piped = new.command(&["restore", "-"]);
    piped.stdin(File::open(&files.backup).expect("ours"));
    let parts = ["is a backup, which cannot come through a pipe; name its file"];
    one_line(Said::of(&mut piped), 65, &parts);
}

#[test]
fn restore_says_what_to_do_about_an_encrypted_file_of_somebody_else() {
    let files = Files::make();
    let new = TestHome::new();
    let words = new.user().join("other");
    fs::write(&words, "some other person's words").expect("ours");
    let mut wrong = new.command(&["restore", text(&files.backup), "--passphrase-file"]);
    let parts = [
        "this is not its passphrase; try the one that was chosen when it was made",
        "nothing was changed",
    ];
    one_line(Said::of(wrong.arg(&words)), 65, &parts);
    let (plain, sealed) = (
        files.written("letter", b"Dear friend"),
        new.user().join("x.age"),
    );
    let age = [
        "age",
        "--encrypt",
        "--passphrase",
        "--output",
        text(&sealed),
        text(&plain),
    ];
    answered(&new, &[WORDS, WORDS], &age).expect(0, &[]);
    let takes = "name a file of `onionmeter backup`";
    not_restored(&new, &sealed, 65, &["it is no backup of Onionmeter", takes]);
}

#[test]
fn verify_says_what_a_file_is_that_it_does_not_read() {
    let files = Files::make();
    let home = &files.home;
    let verify = |file: &Path, code: i32, parts: &[&str]| {
        one_line(
            Said::of(&mut home.command(&["verify", text(file)])),
            code,
            parts,
        );
    };
    let takes = "`verify` takes a file of `onionmeter export` or of `onionmeter reports --json`";
    let is_backup = "is a backup, which `onionmeter restore` puts back";
    verify(&files.backup, 65, &[is_backup, takes]);
    let armored = files.written("kept.txt", b"-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n");
    verify(&armored, 65, &[is_backup]);
    let is_book = "is a book, whose reports `onionmeter reports --json --book FILE` writes";
    verify(&home.root().join("book.sqlite3"), 65, &[is_book, takes]);
    verify(
        home.user(),
        66,
        &["is a folder, so name a file in it", takes],
    );
    verify(
        &files.written("empty", b""),
        65,
        &["is empty; copy it again"],
    );
    verify(
        &files.written("words.txt", b"Dear friend"),
        65,
        &["is no file of reports", takes],
    );
    for whole in [&files.export, &files.reports] {
        let content = fs::read(whole).expect("ours");
        let cut = files.written("cut.json", &content[..content.len() / 2]);
        verify(&cut, 65, &["the end of", "is missing; copy it again"]);
        check(home, &["verify", text(whole)], 0, &["2 reports"]);
    }
    let backup = fs::read(&files.backup).expect("ours");
    verify(&files.written("cut.age", &backup[..9]), 65, &["the end of"]);
    let mut piped = Command::new(PROGRAM);
    piped.args(["verify", "-"]).stdin(Stdio::null());
    one_line(
        Said::of(&mut piped),
        65,
        &["what came by standard input is empty"],
    );
}
