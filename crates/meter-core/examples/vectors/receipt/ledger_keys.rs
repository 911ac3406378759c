//! The key changes and the vkey lines among the vectors of receipts.

use crate::cases::{Breaker, HUGE, LEDGER_SEED, NEXT_SEED, OTHER_SEED, ledger_key, signer, valid};
use meter_core::{KeyChange, LedgerKey, UnixMs, Vkey};
use serde_json::{Value, json};

const NAME: &str = "ledger.example";

pub(crate) fn ledger(seed: &str) -> Value {
    let key = ledger_key(seed);
    let vkey = Vkey::new(NAME, key).expect("a name");
    json!({ "seed": seed, "key": hex::encode(key.0), "vkey": vkey.to_string() })
}

fn change(number: u32, old: &str, new: &str) -> KeyChange {
    KeyChange {
        old: ledger_key(old),
        new: ledger_key(new),
        number,
        at: UnixMs::new(1_800_019_000_000).expect("fits"),
    }
}

/// From the first key to the second, and from there to a third, which is nobody's here.
pub(crate) fn changes() -> Value {
    let changes = [
        (change(2, LEDGER_SEED, NEXT_SEED), LEDGER_SEED),
        (change(3, NEXT_SEED, OTHER_SEED), NEXT_SEED),
    ];
    let signed = changes.map(|(change, seed)| {
        let fields = json!({
            "old": hex::encode(change.old.0),
            "new": hex::encode(change.new.0),
            "number": change.number,
            "at": change.at.get().to_string(),
        });
        let signer = signer::<LedgerKey>(seed);
        valid(&signer.sign(&change).expect("our own"), &fields)
    });
    json!({ "valid": signed, "invalid": bad_changes() })
}

fn bad_changes() -> Vec<Value> {
    let good = change(2, LEDGER_SEED, NEXT_SEED);
    let mut bad = Breaker::new(&good, LEDGER_SEED);
    bad.common();
    for at in [5, 7, 76, 79] {
        bad.patch("reserved", at, &[1]);
    }
    bad.patch("range", 80, &HUGE);
    bad.patch("number", 72, &0_u32.to_be_bytes());
    bad.patch("number", 72, &1_u32.to_be_bytes());
    let same = change(2, LEDGER_SEED, LEDGER_SEED);
    bad.value("same-key", &same);
    // Only the old key may give its work to another one.
    let foreign = change(2, OTHER_SEED, LEDGER_SEED);
    bad.value("signer", &foreign);
    bad.cases
}

pub(crate) fn vkeys() -> Value {
    let line = Vkey::new(NAME, ledger_key(LEDGER_SEED))
        .expect("a name")
        .to_string();
    let go = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";
    let valid = [line.as_str(), go].map(|line| {
        let vkey: Vkey = line.parse().expect("a vkey");
        json!({ "line": line, "name": vkey.name(), "key": hex::encode(vkey.key().0) })
    });
    let (name, rest) = line.split_once('+').expect("a name");
    let (number, text) = rest.split_once('+').expect("a number");
    let upper = number.to_uppercase();
    let invalid = [
        ("form", String::new()),
        ("form", name.to_owned()),
        ("form", format!("{name}+{number}")),
        ("form", format!("{name}+{number}+{text}=")),
        (
            "form",
            format!("{name}+{number}+{}", &text.replacen('A', "", 1)),
        ),
        (
            "form",
            format!("{name}+{number}+{}", text.replacen('A', "-", 1)),
        ),
        (
            "algorithm",
            format!("{name}+{number}+{}", text.replacen('A', "B", 1)),
        ),
        ("name", format!("+{number}+{text}")),
        ("name", format!("ledger example+{number}+{text}")),
        ("number", format!("ledger.invalid+{number}+{text}")),
        ("number", format!("{name}+{upper}+{text}")),
        ("number", format!("{name}+00000000+{text}")),
    ];
    let invalid = invalid.map(|(error, line)| json!({ "line": line, "error": error }));
    json!({ "valid": valid, "invalid": invalid })
}
