//! `GET /api/account/export`: everything that the ledger has about an account, in one file.
//!
//! The file is written page by page while the client takes it, so a large account needs no more
//! memory than a small one. Each page is a read of its own: reports that arrive meanwhile are newer
//! than the first page and not in the file.

use super::{
    account::{balance_info, page_after, session_info},
    api::Api,
    devices::devices_of,
    refusal::Refusal,
    who::Who,
};
use crate::{
    ledger::{ChainEntry, Cursor},
    store::StoreError,
};
use axum::{
    body::{Body, Bytes},
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use futures_util::stream;
use meter_core::AccountId;
use meter_wire::{
    HexBytes, U64Text,
    ledger::{ChainStands, LedgerCode},
};
use serde::Serialize;
use std::{io, sync::Arc};

/// Where the file goes on.
struct Rest {
    api: Arc<Api>,
    account: AccountId,
    /// `None` after the last page.
    next: Option<Cursor>,
    is_first: bool,
}

/// The file.
pub(crate) async fn export(State(api): State<Arc<Api>>, who: Who) -> Result<Response, Refusal> {
    let account = who.account;
    let begun = api.ask::<_, StoreError>(move |ledger| {
        let balance = ledger.balance(account)?;
        Ok((
            balance,
            devices_of(ledger, account)?,
            ledger.chains(account)?,
        ))
    });
    let (balance, devices, chains) = begun.await?;
    let chains: Vec<_> = chains.iter().map(chain).collect();
    let start = format!(
        "{{\"balance\":{},\"devices\":{},\"chains\":{},\"sessions\":[",
        json(&balance_info(account, &balance))?,
        json(&devices)?,
        json(&chains)?,
    );
    let rest = Rest {
        api,
        account,
        next: Some(Cursor::newest()),
        is_first: true,
    };
    let pages = stream::unfold((Some(start), rest), |(start, rest)| async {
        match start {
            Some(start) => Some((Ok(Bytes::from(start)), (None, rest))),
            None => page(rest).await.map(|(page, rest)| (page, (None, rest))),
        }
    });
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"onionmeter-account.json\"",
        ),
    ];
    Ok((headers, Body::from_stream(pages)).into_response())
}

/// The next piece of the file. After an error the connection ends without the end of the file, so
/// that nobody takes a part for the whole.
async fn page(mut rest: Rest) -> Option<(io::Result<Bytes>, Rest)> {
    let cursor = rest.next.take()?;
    let piece = match page_after(&rest.api, rest.account, cursor).await {
        Ok(sessions) => piece(&sessions, &mut rest),
        Err(refusal) => Err(refusal),
    };
    let piece = piece.map_err(|_| io::Error::other("the store did not answer"));
    Some((piece.map(Bytes::from), rest))
}

fn piece(sessions: &[crate::ledger::Session], rest: &mut Rest) -> Result<String, Refusal> {
    let mut text = String::new();
    for session in sessions {
        if !std::mem::take(&mut rest.is_first) {
            text.push(',');
        }
        text.push_str(&json(&session_info(session)?)?);
    }
    rest.next = sessions.last().map(|session| session.cursor);
    if rest.next.is_none() {
        text.push_str("]}");
    }
    Ok(text)
}

fn json(value: &impl Serialize) -> Result<String, Refusal> {
    serde_json::to_string(value).map_err(|_| Refusal(LedgerCode::Internal))
}

fn chain(entry: &ChainEntry) -> ChainStands {
    ChainStands {
        device: HexBytes(entry.device.0),
        chain: HexBytes(entry.chain.0),
        frozen: entry.frozen,
        sequence: U64Text(entry.sequence),
        awarded: U64Text(entry.awarded.get()),
    }
}
