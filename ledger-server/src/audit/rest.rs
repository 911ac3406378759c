//! Evidence, stray rows, and the sums over everything.

use super::{finding::Audit, papers::verified};
use crate::store::{Db, Pages, Row, Store, StoreError, Value, statements};
use meter_core::{DeviceKey, SessionReport};

/// Forks that are read at a time.
const PAGE: u32 = 1000;
const FROZEN: i64 = 2;

/// Checks what is left, in one snapshot.
pub(super) fn check(store: &Store, audit: &mut Audit) -> Result<(), StoreError> {
    store.read(|db| {
        for mut row in db.rows(statements::AUDIT_STRAY, &[])? {
            let name = format!("chain_no {}, seq {}", row.int()?, row.int()?);
            audit
                .findings
                .add("reports", name, "its chain is not there");
        }
        for mut row in db.rows(statements::AUDIT_FROZEN, &[])? {
            let name = format!("chain_no {}", row.int()?);
            let reason = "it is frozen, and no second history is kept as evidence";
            audit.findings.add("chains", name, reason);
        }
        check_forks(db, audit)?;
        check_sums(db, audit)
    })
}

fn check_forks(db: &mut dyn Db, audit: &mut Audit) -> Result<(), StoreError> {
    let mut pages = Pages::new(statements::AUDIT_FORKS, vec![Value::Int(-1); 2]);
    loop {
        let rows = pages.next(db, PAGE)?;
        if rows.is_empty() {
            return Ok(());
        }
        for mut row in rows {
            let at = (row.int()?, row.int()?);
            if let Err(reason) = check_fork(at.1, row)? {
                let name = format!("chain_no {}, seq {}", at.0, at.1);
                audit.findings.add("forks", name, reason);
            }
        }
    }
}

fn check_fork(seq: i64, mut row: Row) -> Result<Result<(), String>, StoreError> {
    let signed = row.bytes()?;
    let (device, chain) = (row.bytes_or_null()?, row.bytes_or_null()?);
    let device = device.and_then(|key| key.try_into().ok().map(DeviceKey));
    let (Some(device), Some(chain)) = (device, chain) else {
        return Ok(Err("its chain is not there".to_owned()));
    };
    let state = row.int()?;
    let link = row.bytes_or_null()?;
    let report = match verified::<SessionReport>(&signed, device) {
        Ok(report) => *report.value(),
        Err(error) => return Ok(Err(error)),
    };
    let place = (report.chain.0.to_vec(), i64::try_from(report.sequence));
    Ok(if place != (chain, Ok(seq)) {
        Err("it is a report of another place".to_owned())
    } else if state != FROZEN {
        Err("its chain is not frozen".to_owned())
    } else if link.is_none_or(|link| link == report.link().0) {
        Err("there is no other report at its place".to_owned())
    } else {
        Ok(())
    })
}

fn check_sums(db: &mut dyn Db, audit: &mut Audit) -> Result<(), StoreError> {
    let mut postings = db.rows(statements::AUDIT_POSTINGS, &[])?;
    let mut chains = db.rows(statements::AUDIT_AWARDED, &[])?;
    let (Some(postings), Some(chains)) = (postings.first_mut(), chains.first_mut()) else {
        return Err(StoreError::Damaged("a sum".to_owned()));
    };
    let (sum, credited) = (postings.int()?, postings.int()?);
    if sum != 0 {
        audit
            .findings
            .add("postings", "all", "they do not add up to 0");
    }
    if credited != chains.int()? {
        let reason = "what they credit is not the sum of chains.awarded_total";
        audit.findings.add("postings", "all", reason);
    }
    Ok(())
}
