//! Exports that were changed: two readers refuse each at the same place.

use super::{READER, VECTORS, device, exported};
use crate::{
    said::{Said, text},
    support::TestHome,
};
use serde_json::{Value, json};
use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
    thread,
};

/// A change to an export, its name, and the place at which it is noticed.
type Tampering = (&'static str, fn(&mut Value), &'static str);

fn flip(value: &mut Value) {
    let mut text = value.as_str().expect("a text").to_owned();
    let last = text.pop();
    text.push(if last == Some('0') { '1' } else { '0' });
    *value = text.into();
}

fn take(list: &mut Value, index: usize) -> Value {
    list.as_array_mut().expect("a list").remove(index)
}

fn double(list: &mut Value, index: usize) {
    let again = list[index].clone();
    list.as_array_mut().expect("a list").insert(index, again);
}

const TAMPERINGS: &[Tampering] = &[
    (
        "a byte of a report",
        |file| flip(&mut file["chains"][2]["reports"][2]["body"]),
        "chains[2].reports[2]",
    ),
    (
        "a signature of a report",
        |file| flip(&mut file["chains"][0]["reports"][1]["signature"]),
        "chains[0].reports[1]",
    ),
    (
        "a report in the middle is missing",
        |file| drop(take(&mut file["chains"][2]["reports"], 1)),
        "chains[2].reports[1]",
    ),
    (
        "the first report is missing",
        |file| drop(take(&mut file["chains"][2]["reports"], 0)),
        "chains[2].reports[0]",
    ),
    (
        "an answered report at the end is missing",
        |file| {
            drop(take(&mut file["chains"][2]["reports"], 3));
            drop(take(&mut file["chains"][2]["reports"], 2));
        },
        "ledgers[0].chains[1].receipts[2]",
    ),
    (
        "a report that waits is missing",
        |file| drop(take(&mut file["chains"][2]["reports"], 3)),
        "sha256",
    ),
    (
        "a report twice",
        |file| double(&mut file["chains"][2]["reports"], 1),
        "chains[2].reports[2]",
    ),
    (
        "a chain twice",
        |file| double(&mut file["chains"], 0),
        "chains[1]",
    ),
    ("no chain", |file| file["chains"] = json!([]), "chains"),
    (
        "the key of another device",
        |file| file["chains"][2]["key"] = "ab".repeat(32).into(),
        "chains[2].reports[0]",
    ),
    (
        "two receipts are swapped",
        |file| {
            let receipts = file["ledgers"][0]["chains"][1]["receipts"]
                .as_array_mut()
                .expect("a list");
            receipts.swap(0, 1);
        },
        "ledgers[0].chains[1].receipts[0]",
    ),
    (
        "a receipt twice",
        |file| double(&mut file["ledgers"][0]["chains"][1]["receipts"], 1),
        "ledgers[0].chains[1].receipts[2]",
    ),
    (
        "a receipt in the middle is missing",
        |file| drop(take(&mut file["ledgers"][0]["chains"][1]["receipts"], 1)),
        "ledgers[0].chains[1].receipts[1]",
    ),
    (
        "a receipt of the other chain",
        |file| {
            let other = file["ledgers"][0]["chains"][0]["receipts"][0].clone();
            file["ledgers"][0]["chains"][1]["receipts"][1] = other;
        },
        "ledgers[0].chains[1].receipts[1]",
    ),
    (
        "a byte of a receipt",
        |file| flip(&mut file["ledgers"][0]["chains"][1]["receipts"][0]["body"]),
        "ledgers[0].chains[1].receipts[0]",
    ),
    (
        "another ledger's key",
        |file| file["ledgers"][0]["key"] = "ab".repeat(32).into(),
        "ledgers[0].changes[0]",
    ),
    (
        "no key change",
        |file| drop(take(&mut file["ledgers"][0]["changes"], 0)),
        "ledgers[0].chains[1].receipts[2]",
    ),
    (
        "a key change twice",
        |file| double(&mut file["ledgers"][0]["changes"], 0),
        "ledgers[0].changes[1]",
    ),
    (
        "a byte of a policy",
        |file| flip(&mut file["ledgers"][0]["policies"][0]["body"]),
        "ledgers[0].policies[0]",
    ),
    (
        "a policy twice",
        |file| double(&mut file["ledgers"][0]["policies"], 0),
        "ledgers[0].policies[1]",
    ),
    (
        "another device is enrolled",
        |file| file["ledgers"][0]["device"] = "ab".repeat(32).into(),
        "ledgers[0].chains[0].receipts[0]",
    ),
    (
        "an earlier enrolment",
        |file| file["ledgers"][0]["start"]["sequence"] = "0".into(),
        "ledgers[0].chains[0].receipts[0]",
    ),
    (
        "an award before",
        |file| file["ledgers"][0]["start"]["awarded"] = "5".into(),
        "ledgers[0].chains[0].receipts[0]",
    ),
    (
        "an enrolment after the end",
        |file| file["ledgers"][0]["start"]["sequence"] = "9".into(),
        "ledgers[0].start",
    ),
    (
        "receipts of one chain twice",
        |file| double(&mut file["ledgers"][0]["chains"], 1),
        "ledgers[0].chains[2]",
    ),
    (
        "two enrolments in force",
        |file| double(&mut file["ledgers"], 0),
        "ledgers[1]",
    ),
    (
        "an enrolment that was left",
        |file| file["ledgers"][0]["in_force"] = false.into(),
        "sha256",
    ),
    (
        "a later format",
        |file| file["format"] = "onionmeter-export/2".into(),
        "file",
    ),
    ("an unknown member", |file| file["more"] = 1.into(), "file"),
    (
        "a number with a zero in front",
        |file| file["ledgers"][0]["start"]["sequence"] = "01".into(),
        "file",
    ),
];

/// The verdicts of the reader that was written from the pages.
fn stranger(files: &[Value]) -> Vec<Value> {
    let mut reader = Command::new("python3")
        .args([READER, "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is installed");
    let list = serde_json::to_vec(files).expect("JSON");
    let mut stdin = reader.stdin.take().expect("piped");
    let writing = thread::spawn(move || stdin.write_all(&list));
    let output = reader.wait_with_output().expect("it ends");
    writing.join().expect("no panic").expect("it reads");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

pub(super) fn verify(home: &TestHome, file: &Value) -> Said {
    let path = home.user().join("changed.json");
    fs::write(&path, file.to_string()).expect("ours");
    let name = path.to_str().expect("UTF-8").to_owned();
    Said::of(&mut home.command(&["verify", &name]))
}

#[test]
fn whatever_is_changed_in_an_export_is_refused_at_the_same_place_by_two_readers() {
    let home = device();
    let (path, file) = exported(&home);
    let mut files = vec![file.clone()];
    for (name, change, place) in TAMPERINGS {
        let mut changed = file.clone();
        change(&mut changed);
        let said = verify(&home, &changed);
        assert_eq!(said.code, Some(65), "{name}: {}", said.text);
        let named = format!("changed.json: {place}: ");
        assert!(said.text.contains(&named), "{name}: {}", said.text);
        files.push(changed);
    }
    let verdicts = stranger(&files);
    let said = text(&home.run(&["verify", path.to_str().expect("UTF-8"), "--json"]));
    let said: Value = serde_json::from_str(&said).expect("JSON");
    for sum in ["before", "answered", "credited", "waiting", "unanswered"] {
        assert_eq!(
            verdicts[0]["ledgers"][0][sum], said["ledgers"][0][sum],
            "{sum}"
        );
    }
    assert_eq!(verdicts[0]["claimed"], "18300000000");
    for ((name, _, place), verdict) in TAMPERINGS.iter().zip(&verdicts[1..]) {
        assert_eq!(verdict["place"], *place, "{name}: {verdict}");
    }
    the_vectors_are_these(&files, &verdicts);
}

/// Ed25519 is deterministic, so the file of vectors can be made again byte by byte:
/// `ONIONMETER_VECTORS=write` writes it.
fn the_vectors_are_these(files: &[Value], verdicts: &[Value]) {
    let invalid = TAMPERINGS.iter().zip(&files[1..]);
    let invalid: Vec<Value> = invalid
        .map(|((name, _, place), file)| json!({"name": name, "file": file, "place": place}))
        .collect();
    let vectors = json!({
        "about": "Test vectors of docs/spec/export.md.",
        "valid": [{"name": "a device", "file": files[0], "sums": verdicts[0]}],
        "invalid": invalid,
    });
    if std::env::var_os("ONIONMETER_VECTORS").is_some_and(|value| value == "write") {
        let text = serde_json::to_string_pretty(&vectors).expect("JSON");
        fs::write(VECTORS, text + "\n").expect("written");
    }
    let kept = fs::read_to_string(Path::new(VECTORS)).expect("there");
    let kept: Value = serde_json::from_str(&kept).expect("JSON");
    assert_eq!(kept, vectors);
}

#[test]
fn no_bit_of_an_export_can_be_flipped_unnoticed() {
    let home = device();
    let (path, _) = exported(&home);
    let good = fs::read(&path).expect("written");
    let changed = home.user().join("flipped.json");
    let name = changed.to_str().expect("UTF-8");
    let letters = (0..good.len()).filter(|at| !good[*at].is_ascii_whitespace());
    for at in letters.step_by(101) {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        fs::write(&changed, &bytes).expect("ours");
        let said = Said::of(&mut home.command(&["verify", name]));
        assert_eq!(said.code, Some(65), "byte {at}: {}", said.text);
    }
}
