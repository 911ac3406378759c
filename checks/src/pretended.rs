//! What a host in place of ours pretends about settings and a ledger. Two files in its folder hold
//! what was set: `enrolled`, and `thresholds`.

use crate::signed::Signed;
use anyhow::Result;
use meter_core::Thresholds;
use meter_wire::{
    BadgeNumber, HexBytes, LedgerDevice, LedgerDevices, LedgerEnrolled, LedgerOffer, LedgerPolicy,
    LedgerSecret, LedgerStatus, Request, Sending, SetThresholds, Setting, Settings, Success,
    U64Text,
};
use std::{fs, path::Path};

/// The code that it shows.
pub const CODE: &str =
    "abandon ability able about above absent absorb abstract absurd abuse access";
const ADDRESS: &str = "vww6ybal4bd7szmgncyruucpgfkqahzddi37ktceo3ah7ngmcopnpyyd.onion";
const CREDIT: u64 = 1_000_000_000;

/// The answer to a request about settings or the ledger; `None` to any other.
///
/// # Errors
/// The folder cannot be written.
pub fn answer(request: &Request, folder: &Path) -> Result<Option<Success>> {
    Ok(Some(match request {
        Request::Settings => Success::Settings(settings()),
        Request::SetThresholds(set) => {
            fs::write(folder.join("thresholds"), serde_json::to_string(set)?)?;
            Success::Done
        }
        Request::LedgerLook(_) => Success::LedgerOffer(offer()),
        Request::LedgerEnrol(_) => {
            fs::write(folder.join("enrolled"), "")?;
            Success::LedgerEnrolled(LedgerEnrolled {
                account: HexBytes([4; 16]),
                name: "laptop".to_owned(),
                recovery_code: Some(CODE.to_owned()),
            })
        }
        Request::LedgerLeave => {
            fs::remove_file(folder.join("enrolled"))?;
            Success::Done
        }
        Request::LedgerInvite | Request::LedgerRecovery => Success::LedgerSecret(LedgerSecret {
            code: CODE.to_owned(),
            expires_ms: None,
        }),
        Request::LedgerDevices => Success::LedgerDevices(LedgerDevices {
            devices: vec![device(1, "laptop", true), device(2, "telephone", false)],
        }),
        _ => return Ok(None),
    }))
}

/// The thresholds that were set.
#[must_use]
pub fn thresholds(folder: &Path) -> SetThresholds {
    let set = fs::read_to_string(folder.join("thresholds")).ok();
    set.and_then(|json| serde_json::from_str(&json).ok())
        .unwrap_or_else(|| SetThresholds::from(&Thresholds::DEFAULT))
}

/// Where the device stands, once it is enrolled.
#[must_use]
pub fn ledger(folder: &Path, book: &Signed) -> Option<LedgerStatus> {
    folder.join("enrolled").is_file().then(|| LedgerStatus {
        address: ADDRESS.to_owned(),
        account: HexBytes([4; 16]),
        before: U64Text(0),
        answered: U64Text(book.answered()),
        credited: U64Text(book.answered()),
        waiting: U64Text(book.amount().saturating_sub(book.answered())),
        waiting_reports: U64Text(book.count().min(1)),
        unanswered: U64Text(0),
        lowered: Vec::new(),
        badge: BadgeNumber::default(),
        chain_end: None,
        sending: Sending::Idle,
    })
}

fn settings() -> Settings {
    let setting = |key: &str, value: &str| Setting {
        key: key.to_owned(),
        in_force: value.to_owned(),
        in_file: Some(value.to_owned()),
        differs: false,
    };
    Settings {
        settings: vec![
            setting("relay.port", "9149"),
            setting("tor.program", "/home/anna/tor"),
            setting("tor.bridges", "2 lines"),
        ],
        problem: None,
    }
}

fn offer() -> LedgerOffer {
    LedgerOffer {
        address: ADDRESS.to_owned(),
        vkey: "ledger.example+c3f0a1b2+AWNvbXBhcmUgdGhpcyBsaW5lIHdpdGggeW91ciBvcGVyYXRvcg=="
            .to_owned(),
        key: HexBytes([5; 32]),
        policy: LedgerPolicy {
            number: 1,
            most_per_day: U64Text(9_640 * CREDIT),
            idle_per_day: U64Text(8_640 * CREDIT),
            enrolment: "open".to_owned(),
        },
    }
}

fn device(key: u8, name: &str, here: bool) -> LedgerDevice {
    LedgerDevice {
        key: HexBytes([key; 32]),
        name: name.to_owned(),
        enrolled_ms: U64Text(1_800_000_000_000),
        removed_ms: None,
        here,
    }
}
