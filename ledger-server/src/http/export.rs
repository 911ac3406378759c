//! `GET /api/account/export`: everything that the ledger has about an account, in one file.
//!
//! Balance, devices and chains are read at one moment, and the sessions are those of that moment.
//! The last member says that the file is complete.

use super::{
    account::{balance_info, session_info},
    api::Api,
    devices::devices_of,
    pieces::{CutOff, in_pieces},
    refusal::Refusal,
    who::Who,
};
use crate::{
    ledger::{ChainEntry, Ledger, Walk},
    store::StoreError,
};
use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use meter_wire::{
    HexBytes, U64Text,
    ledger::{ChainStands, LedgerCode, SESSIONS_PAGE_MAX},
};
use serde::Serialize;
use std::sync::Arc;

/// Where the file goes on.
struct Rest {
    ledger: Arc<Ledger>,
    walk: Walk,
    is_first: bool,
    is_over: bool,
}

/// The file.
pub(crate) async fn export(State(api): State<Arc<Api>>, who: Who) -> Result<Response, Refusal> {
    let account = who.account;
    let begun = api.ask::<_, StoreError>(move |ledger| {
        Ok((ledger.whole(account)?, devices_of(ledger, account)?))
    });
    let (whole, devices) = begun.await?;
    let chains: Vec<_> = whole.chains.iter().map(chain).collect();
    let start = format!(
        "{{\"balance\":{},\"devices\":{},\"chains\":{},\"sessions\":[",
        json(&balance_info(account, &whole.balance))?,
        json(&devices)?,
        json(&chains)?,
    );
    let rest = Rest {
        ledger: api.ledger.clone(),
        walk: whole.walk,
        is_first: true,
        is_over: false,
    };
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"onionmeter-account.json\"",
        ),
    ];
    Ok((headers, in_pieces(start, rest, piece)).into_response())
}

fn piece(rest: &mut Rest) -> Result<Option<String>, CutOff> {
    if rest.is_over {
        return Ok(None);
    }
    let page = rest.walk.step(&rest.ledger, SESSIONS_PAGE_MAX.into());
    let page = page.map_err(|_| CutOff)?;
    if page.is_empty() {
        rest.is_over = true;
        return Ok(Some("],\"complete\":true}".to_owned()));
    }
    let mut text = String::new();
    for session in &page {
        if !std::mem::take(&mut rest.is_first) {
            text.push(',');
        }
        let session = session_info(session).map_err(|_| CutOff)?;
        text.push_str(&json(&session).map_err(|_| CutOff)?);
    }
    Ok(Some(text))
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
