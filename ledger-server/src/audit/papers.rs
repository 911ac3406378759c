//! What the other rows refer to: receipt keys, policies, and the statements of devices.

use super::finding::Audit;
use crate::{
    shelf,
    store::{Db, Pages, Row, Store, StoreError, Value, statements},
};
use meter_core::{
    ChainHead, CheckedKey, DeviceKey, Enrolment, KeyChange, LedgerKey, Policy, Signable, Verified,
};
use std::collections::{BTreeMap, BTreeSet};

/// Devices in one snapshot.
const PAGE: u32 = 1000;
const TOO_SHORT: &str = "it is too short for a signed value";

/// The keys and policies that receipts may name.
pub(super) struct Papers {
    pub(super) keys: BTreeMap<LedgerKey, CheckedKey<LedgerKey>>,
    pub(super) policies: BTreeMap<u32, Policy>,
}

/// Reads keys and policies and checks them.
pub(super) fn read(store: &Store, audit: &mut Audit) -> Result<Papers, StoreError> {
    let (keys, policies) = store.read(|db| {
        let keys = db.rows(statements::KEYS, &[])?;
        Ok::<_, StoreError>((keys, db.rows(statements::POLICIES, &[])?))
    })?;
    let keys = check_keys(keys, audit)?;
    let policies = check_policies(policies, &keys, audit)?;
    let keys = keys.into_iter();
    let usable = keys.filter_map(|key| Some((key, CheckedKey::new(key).ok()?)));
    let keys = usable.collect();
    Ok(Papers { keys, policies })
}

/// The signed value in stored bytes.
pub(super) fn verified<T: Signable>(stored: &[u8], key: T::Key) -> Result<Verified<T>, String> {
    let signed = shelf::split::<T>(stored).ok_or(TOO_SHORT)?;
    signed.verify(key).map_err(|error| error.to_string())
}

/// The same with a key that was decoded before.
pub(super) fn verified_with<T: Signable>(
    stored: &[u8],
    key: &CheckedKey<T::Key>,
) -> Result<Verified<T>, String> {
    let signed = shelf::split::<T>(stored).ok_or(TOO_SHORT)?;
    signed.verify_with(key).map_err(|error| error.to_string())
}

fn check_keys(rows: Vec<Row>, audit: &mut Audit) -> Result<BTreeSet<LedgerKey>, StoreError> {
    let mut keys = BTreeSet::new();
    let mut before: Option<LedgerKey> = None;
    for (expected, mut row) in (1_i64..).zip(rows) {
        audit.keys += 1;
        let number = row.int()?;
        let name = format!("number {number}");
        let key = row.bytes()?.try_into().map(LedgerKey);
        let change = row.bytes_or_null()?;
        let Ok(key) = key else {
            audit.findings.add("keys", name, "the key has not 32 bytes");
            continue;
        };
        let checked = if number == expected {
            check_change(before, key, number, change.as_deref())
        } else {
            Err(format!("number {expected} is next"))
        };
        if let Err(reason) = checked {
            audit.findings.add("keys", name, reason);
        }
        keys.insert(key);
        before = Some(key);
    }
    Ok(keys)
}

fn check_change(
    before: Option<LedgerKey>,
    key: LedgerKey,
    number: i64,
    change: Option<&[u8]>,
) -> Result<(), String> {
    let (Some(before), Some(change)) = (before, change) else {
        return match (before, change) {
            (None, None) => Ok(()),
            (None, Some(_)) => Err("the first key has a key before it".to_owned()),
            (Some(_), _) => Err("the key before it has not named it".to_owned()),
        };
    };
    let change = *verified::<KeyChange>(change, before)?.value();
    let is_this = change.new == key && i64::from(change.number) == number;
    match is_this {
        true => Ok(()),
        false => Err("the key before it has named another key".to_owned()),
    }
}

fn check_policies(
    rows: Vec<Row>,
    keys: &BTreeSet<LedgerKey>,
    audit: &mut Audit,
) -> Result<BTreeMap<u32, Policy>, StoreError> {
    let mut policies = BTreeMap::new();
    for mut row in rows {
        audit.policies += 1;
        let number = row.int32()?;
        let stored = row.bytes()?;
        let found = keys.iter().map(|key| verified::<Policy>(&stored, *key));
        let mut last = Err("no key of this ledger has signed it".to_owned());
        for found in found {
            last = found;
            if last.is_ok() {
                break;
            }
        }
        match last.map(|policy| *policy.value()) {
            Ok(policy) if policy.number.0 == number => drop(policies.insert(number, policy)),
            Ok(policy) => {
                let reason = format!("the signed number is {}", policy.number.0);
                audit
                    .findings
                    .add("policies", format!("number {number}"), reason);
            }
            Err(reason) => audit
                .findings
                .add("policies", format!("number {number}"), reason),
        }
    }
    Ok(policies)
}

/// Checks the statement of every device.
pub(super) fn check_devices(
    store: &Store,
    papers: &Papers,
    audit: &mut Audit,
    go_on: &dyn Fn() -> bool,
) -> Result<(), StoreError> {
    let mut pages = Pages::new(statements::AUDIT_DEVICES, vec![Value::Bytes(Vec::new())]);
    while go_on() {
        let rows = store.read(|db| pages.next(db, PAGE))?;
        if rows.is_empty() {
            break;
        }
        for mut row in rows {
            audit.devices += 1;
            let key = row.bytes()?;
            let name = format!("device_key {}", hex::encode(&key));
            let account = row.bytes()?;
            let enrolment = row.bytes()?;
            if let Err(reason) = check_device(papers, key, &enrolment) {
                audit.findings.add_of(&account, "devices", name, reason);
            }
        }
    }
    Ok(())
}

fn check_device(papers: &Papers, key: Vec<u8>, enrolment: &[u8]) -> Result<(), String> {
    let key = key.try_into().map(DeviceKey);
    let key = key.map_err(|_| "the key has not 32 bytes")?;
    let enrolment = verified::<Enrolment>(enrolment, key)?;
    match papers.keys.contains_key(&enrolment.value().ledger) {
        true => Ok(()),
        false => Err("it was enrolled at another ledger".to_owned()),
    }
}

/// What is known of a device.
pub(super) struct Stated {
    /// Its account.
    pub(super) account: Vec<u8>,
    /// Where its chain stood when it was enrolled; `None` if its statement does not hold.
    pub(super) head: Option<ChainHead>,
}

/// The account of a device and what it stated, if the device is there and its statement holds.
pub(super) fn enrolment(db: &mut dyn Db, device: DeviceKey) -> Result<Option<Stated>, StoreError> {
    let rows = db.rows(statements::ENROLMENT, &[device.0.into()])?;
    let Some(mut row) = rows.into_iter().next() else {
        return Ok(None);
    };
    let account = row.bytes()?;
    let enrolment = verified::<Enrolment>(&row.bytes()?, device).ok();
    Ok(Some(Stated {
        account,
        head: enrolment.map(|enrolment| enrolment.value().head),
    }))
}
