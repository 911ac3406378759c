//! Reads back after a commit what the answers say.

use crate::{
    apply::Decision,
    books::SIGNED_BYTES,
    shelf,
    store::{Row, Store, StoreError, statements},
};
use meter_core::{ChainCondition, ChainState, SessionReport};

/// Whether the database holds what the conflicts among these decisions say about their chains. A
/// signed state that is ahead of the database would look to its device like a ledger that was
/// set back.
pub(crate) fn chains_stand(store: &Store, decisions: &[Decision]) -> bool {
    let state = |decision: &Decision| match decision {
        Decision::Conflict(state) => Some(*state.value()),
        _ => None,
    };
    let states: Vec<_> = decisions.iter().filter_map(state).collect();
    if states.is_empty() {
        return true;
    }
    let name = |state: &ChainState| vec![state.device.0.into(), state.chain.0.into()];
    let sets: Vec<_> = states.iter().map(name).collect();
    let found = store
        .read_back(|db| db.rows_all(statements::CHAIN, &sets))
        .and_then(|rows| {
            let pairs = states.iter().zip(rows);
            pairs.map(|(state, rows)| stands(state, rows)).collect()
        });
    let found: Vec<bool> = found.unwrap_or_else(|error: StoreError| {
        tracing::warn!(chains = states.len(), %error, "cannot read chains back");
        vec![false]
    });
    found.into_iter().all(|stands| stands)
}

/// The stored receipts of these reports. None where the database has no such report, or another
/// one at its place.
///
/// # Errors
/// When the database does not answer.
pub(crate) fn receipts(
    store: &Store,
    reports: &[&SessionReport],
) -> Result<Vec<Option<Box<[u8; SIGNED_BYTES]>>>, StoreError> {
    let names = |report: &&SessionReport| {
        let sequence = shelf::sequence(report.sequence);
        vec![report.key.0.into(), report.chain.0.into(), sequence]
    };
    let sets: Vec<_> = reports.iter().map(names).collect();
    let found = store.read_back(|db| db.rows_all(statements::STORED, &sets))?;
    let receipt = |(report, rows): (&&SessionReport, Vec<Row>)| {
        let Some(mut row) = rows.into_iter().next() else {
            return Ok(None);
        };
        let is_same = row.array()? == report.link().0;
        row.bytes_or_null()?;
        let receipt = Box::new(row.array()?);
        Ok(is_same.then_some(receipt))
    };
    reports.iter().zip(found).map(receipt).collect()
}

fn stands(state: &ChainState, rows: Vec<Row>) -> Result<bool, StoreError> {
    let Some(mut row) = rows.into_iter().next() else {
        return Ok(state.sequence == 0);
    };
    row.int()?;
    let is_frozen = row.int()? == shelf::FROZEN;
    row.int()?;
    row.int()?;
    let sequence: u64 = row.unit(Some)?;
    // Another instance may have moved the chain on since.
    let is_open = state.condition == ChainCondition::Open;
    Ok(sequence >= state.sequence && (is_open || is_frozen))
}
