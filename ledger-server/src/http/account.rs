//! What an account has. Only its owner sees it: the name in the path is compared with the account
//! of who asks, and nothing is looked up for another one. So a foreign name and an unknown one get
//! the same answer after the same work.

use super::{api::Api, body::Piece, refusal::Refusal, signed::wire_stored, who::Who};
use crate::ledger::{Cursor, Session};
use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use meter_core::{AccountId, ChainId, UnixMs};
use meter_wire::{
    HexBytes, I64Text, U64Text,
    ledger::{Balance, LedgerCode, SESSIONS_PAGE_MAX, SessionInfo, SessionsPage, SessionsQuery},
};
use std::sync::Arc;

/// Sessions in a page if the query does not say how many.
const SESSIONS_PAGE: u16 = 50;

/// `GET /api/sessions/balance/{account}`.
pub(crate) async fn balance(
    State(api): State<Arc<Api>>,
    who: Who,
    Piece(account): Piece,
) -> Result<Json<Balance>, Refusal> {
    own(&account, who.account)?;
    let balance = api.ask(move |ledger| ledger.balance(who.account)).await?;
    Ok(Json(balance_info(who.account, &balance)))
}

/// `GET /api/sessions/{report}`.
pub(crate) async fn session(
    State(api): State<Arc<Api>>,
    who: Who,
    Piece(report): Piece,
) -> Result<Json<SessionInfo>, Refusal> {
    let (chain, sequence) = place(&report).ok_or(LedgerCode::NotFound)?;
    let found = api.ask(move |ledger| ledger.session(who.account, chain, sequence));
    let session = found.await?.ok_or(LedgerCode::NotFound)?;
    session_info(&session).map(Json)
}

/// `GET /api/sessions`.
pub(crate) async fn sessions(
    State(api): State<Arc<Api>>,
    who: Who,
    query: Result<Query<SessionsQuery>, QueryRejection>,
) -> Result<Json<SessionsPage>, Refusal> {
    let Query(query) = query.map_err(|_| LedgerCode::BadField)?;
    if let Some(account) = &query.account {
        own(account, who.account)?;
    }
    let limit = query.limit.unwrap_or(SESSIONS_PAGE);
    if !(1..=SESSIONS_PAGE_MAX).contains(&limit) {
        return Err(Refusal(LedgerCode::BadField));
    }
    let before = query
        .before
        .as_deref()
        .map_or_else(|| Some(Cursor::newest()), read_cursor);
    let before = before.ok_or(LedgerCode::BadField)?;
    let page = api
        .ask(move |ledger| ledger.sessions(who.account, before, limit.into()))
        .await?;
    let next = page.last().filter(|_| page.len() == usize::from(limit));
    Ok(Json(SessionsPage {
        next: next.map(|session| write_cursor(&session.cursor)),
        sessions: page.iter().map(session_info).collect::<Result<_, _>>()?,
    }))
}

fn own(text: &str, account: AccountId) -> Result<(), LedgerCode> {
    match text == hex::encode(account.0) {
        true => Ok(()),
        false => Err(LedgerCode::NotFound),
    }
}

/// The balance as JSON.
pub(crate) fn balance_info(account: AccountId, balance: &crate::ledger::Balance) -> Balance {
    Balance {
        account: HexBytes(account.0),
        credited: I64Text(balance.credited),
        awarded: U64Text(balance.awarded.get()),
        duration_ms: U64Text(balance.duration.get()),
        bytes: U64Text(balance.bytes.get()),
    }
}

/// A session as JSON.
pub(crate) fn session_info(session: &Session) -> Result<SessionInfo, Refusal> {
    let chain = hex::encode(session.chain.0);
    let report = session.report.as_deref().map(wire_stored).transpose()?;
    Ok(SessionInfo {
        id: format!("{chain}-{}", session.sequence),
        device: HexBytes(session.device.0),
        chain: HexBytes(session.chain.0),
        sequence: U64Text(session.sequence),
        at_ms: U64Text(session.at.get()),
        duration_ms: U64Text(session.duration.get()),
        bytes: U64Text(session.bytes.get()),
        amount: U64Text(session.amount.get()),
        reasons: session
            .reasons
            .iter()
            .map(|reason| reason.name().to_owned())
            .collect(),
        report,
        receipt: wire_stored(&session.receipt)?,
    })
}

/// The place of a session: the chain in hexadecimal, a hyphen, the number.
fn place(text: &str) -> Option<(ChainId, u64)> {
    let (chain, sequence) = text.split_once('-')?;
    let mut id = [0; 16];
    hex::decode_to_slice(chain, &mut id).ok()?;
    let number = number(sequence)?;
    (!chain.bytes().any(|byte| byte.is_ascii_uppercase())).then_some((ChainId(id), number))
}

/// A number up to 2⁶³ − 1 in its one spelling.
fn number(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (i64::try_from(number).is_ok() && number.to_string() == text).then_some(number)
}

fn write_cursor(cursor: &Cursor) -> String {
    format!("{}-{}-{}", cursor.at.get(), cursor.chain, cursor.sequence)
}

fn read_cursor(text: &str) -> Option<Cursor> {
    let mut numbers = text.splitn(3, '-').map(number);
    let at = UnixMs::new(numbers.next()??)?;
    let chain = i64::try_from(numbers.next()??).ok()?;
    let sequence = numbers.next()??;
    Some(Cursor {
        at,
        chain,
        sequence,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h_12_a_name_of_a_session_has_one_spelling() {
        let chain = "0123456789abcdef0123456789abcdef";
        let expected = hex::decode(chain).expect("digits");
        let (id, sequence) = place(&format!("{chain}-7")).expect("a place");
        assert_eq!((id.0.as_slice(), sequence), (expected.as_slice(), 7));
        for bad in [
            String::new(),
            "-".to_owned(),
            "../../etc/passwd".to_owned(),
            chain.to_owned(),
            format!("{chain}-"),
            format!("{chain}-07"),
            format!("{chain}-+7"),
            format!("{chain}--7"),
            format!("{chain}-9223372036854775808"),
            format!("{}-7", chain.to_uppercase()),
            format!("{chain}00-7"),
            "' OR 1=1 --".to_owned(),
            "🧅-1".to_owned(),
        ] {
            assert_eq!(place(&bad), None, "{bad}");
        }
    }

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        let cursor = Cursor {
            at: UnixMs::from_u32(77),
            chain: 5,
            sequence: 9,
        };
        assert_eq!(write_cursor(&cursor), "77-5-9");
        assert_eq!(read_cursor("77-5-9"), Some(cursor));
        for bad in [
            "", "77", "77-5", "77-5-9-1", "-77-5-9", "77--5-9", "a-b-c", "077-5-9",
        ] {
            assert_eq!(read_cursor(bad), None, "{bad}");
        }
    }
}
