//! The list of sessions, the same as a file, and the receipt of one.

use super::{
    member::Member,
    reply::{Problem, file, page_of},
    session_rows::{read, shown, written},
    site::Site,
};
use crate::{
    ledger::{Cursor, Ledger},
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

/// All sessions as one file, read in batches. Its sum is the sum of its lines.
pub(super) async fn csv(
    State(site): State<Arc<Site>>,
    member: Member,
) -> Result<Response, Problem> {
    let account = member.account;
    let asked = site.ask::<_, StoreError>(move |ledger| {
        let (mut text, mut sum) = (csv_head(), 0_i64);
        let mut next = Some(Cursor::newest());
        while let Some(from) = next {
            let Some(page) = page(ledger, account, from, BATCH)? else {
                return Ok(None);
            };
            for session in &page.sessions {
                text.push_str(&csv_line(session));
                sum = sum.saturating_add(session.credited.get_signed());
            }
            next = page.older;
        }
        text.push_str(&csv_sum(Credits(sum)));
        Ok(Some(text))
    });
    let text = asked.await?;
    let text = text.ok_or_else(|| site.contradiction())?;
    Ok(file(CSV_TYPE, "onionmeter-sessions.csv", text))
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
