//! The list of sessions, the same as a file, and the receipt of one.

use super::{
    member::Member,
    reply::{Problem, file, page_of},
    session_rows::{read, shown, written},
    site::Site,
};
use crate::{
    http::{CutOff, in_pieces},
    ledger::{Cursor, DeviceEntry, Ledger, Walk, WalkError},
    pages::{CSV_TYPE, Credits, Session, SessionsPage, Tab, csv_head, csv_line, csv_sum},
    store::StoreError,
};
use axum::{
    extract::{Path, RawQuery, State},
    response::Response,
};
use meter_core::{AccountId, ChainId};
use std::sync::Arc;

/// Sessions on one page.
const PAGE: u32 = 25;
/// Sessions that are read at a time for the file.
const BATCH: u32 = 500;

/// A page of sessions, and the place where the next one begins.
struct Page {
    sessions: Vec<Session>,
    older: Option<Cursor>,
}

/// Reads `limit` sessions after a place. `None`: a stored session does not verify.
fn page(
    ledger: &Ledger,
    account: AccountId,
    from: Cursor,
    limit: u32,
) -> Result<Option<Page>, StoreError> {
    // One more tells whether there is a next page.
    let mut stored = ledger.sessions(account, from, limit.saturating_add(1))?;
    let is_more = u32::try_from(stored.len()).unwrap_or(u32::MAX) > limit;
    if is_more {
        stored.pop();
    }
    let older = stored.last().filter(|_| is_more).map(|last| last.cursor);
    let devices = ledger.devices(account)?;
    let keys = ledger.keys();
    let sessions = stored.iter().map(|session| shown(session, &devices, keys));
    let sessions = sessions.collect::<Option<_>>();
    Ok(sessions.map(|sessions| Page { sessions, older }))
}

pub(super) async fn sessions(
    State(site): State<Arc<Site>>,
    RawQuery(query): RawQuery,
    member: Member,
) -> Result<Response, Problem> {
    let before = query
        .as_deref()
        .and_then(|query| query.strip_prefix("before="));
    let from = match before {
        None => Cursor::newest(),
        Some(text) => read(text).ok_or_else(|| site.not_found())?,
    };
    let account = member.account;
    let asked = site.ask::<_, StoreError>(move |ledger| {
        // The page first: a session that arrives meanwhile is in the sum and on the newest page.
        let page = page(ledger, account, from, PAGE)?;
        Ok((page, ledger.standing(account, |now| now)?))
    });
    let (page, standing) = asked.await?;
    let page = page.ok_or_else(|| site.contradiction())?;
    let standing = standing.ok_or_else(|| site.not_found())?;
    let older = page.older.as_ref().map(written);
    Ok(page_of(&SessionsPage::new(
        site.own(standing.now, account, Tab::Sessions),
        (standing.awarded.into(), standing.reports()),
        &page.sessions,
        (before, older.as_deref()),
    )))
}

/// Where the file of all sessions goes on.
struct Rest {
    ledger: Arc<Ledger>,
    walk: Walk,
    devices: Vec<DeviceEntry>,
    sum: i64,
    is_over: bool,
}

/// All sessions as one file, as they were when it began. The last line is the sum of the others: a
/// file without it was cut off.
pub(super) async fn csv(
    State(site): State<Arc<Site>>,
    member: Member,
) -> Result<Response, Problem> {
    let (account, ledger) = (member.account, site.ledger());
    let asked = site.ask::<_, WalkError>(move |asked| {
        let whole = asked.whole(account)?;
        let mut rest = Rest {
            ledger,
            walk: whole.walk,
            devices: whole.devices,
            sum: 0,
            is_over: false,
        };
        // What is wrong with the newest sessions is a page, and no file.
        let newest = lines(&mut rest)?;
        Ok((newest, rest))
    });
    let (newest, rest) = asked.await?;
    let first = format!("{}{newest}", csv_head());
    let body = in_pieces(first, rest, |rest| match rest.is_over {
        true => Ok(None),
        false => lines(rest).map(Some).map_err(|_| CutOff),
    });
    Ok(file(CSV_TYPE, "onionmeter-sessions.csv", body))
}

/// The next lines; after the last session, the sum.
fn lines(rest: &mut Rest) -> Result<String, WalkError> {
    let page = rest.walk.step(&rest.ledger, BATCH)?;
    let mut text = String::new();
    for session in &page {
        let session = shown(session, &rest.devices, rest.ledger.keys());
        let session = session.ok_or(WalkError::Changed)?;
        text.push_str(&csv_line(&session));
        rest.sum = rest.sum.saturating_add(session.credited.get_signed());
    }
    if page.is_empty() {
        text.push_str(&csv_sum(Credits(rest.sum)));
        rest.is_over = true;
    }
    Ok(text)
}

/// The 264 bytes of a receipt: body and signature. Another account's and one that does not exist
/// are the same 404.
pub(super) async fn receipt(
    State(site): State<Arc<Site>>,
    Path(place): Path<String>,
    member: Member,
) -> Result<Response, Problem> {
    let (chain, sequence) = place_of(&place).ok_or_else(|| site.not_found())?;
    let account = member.account;
    let asked = site.ask::<_, StoreError>(move |ledger| ledger.session(account, chain, sequence));
    let session = asked.await?.ok_or_else(|| site.not_found())?;
    let short = hex::encode(chain.0.split_at(4).0);
    let name = format!("receipt-{short}-{sequence}.omrc");
    let bytes = session.receipt.to_vec();
    Ok(file("application/octet-stream", &name, bytes))
}

/// `3f…3f-41`: a chain in lower-case hexadecimal, and a sequence number without leading zeros.
fn place_of(text: &str) -> Option<(ChainId, u64)> {
    let (chain, sequence) = text.split_once('-')?;
    let mut id = [0; 16];
    hex::decode_to_slice(chain, &mut id).ok()?;
    let number: u64 = sequence.parse().ok()?;
    (hex::encode(id) == chain && number.to_string() == sequence).then_some((ChainId(id), number))
}
