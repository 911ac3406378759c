//! A question of one of this extension's own pages for the host.

use meter_wire::{Request, parse, read_value, write_json};
use serde_json::Value;

/// A page's request to the host, with the page's own number for it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Question {
    /// Repeated in the answer.
    pub number: u32,
    /// What is asked.
    pub ask: Request,
}

impl Question {
    /// Parses a page's message, `{"number":1,"ask":"traffic"}`, strictly. `None` also for requests
    /// that only the extension itself makes.
    #[must_use]
    pub fn parse(json: &str) -> Option<Self> {
        let message = parse(json)?;
        let fields = message.as_object()?;
        let question = Self {
            number: read_value(fields.get("number")?)?,
            ask: read_value(fields.get("ask")?)?,
        };
        let has_all = fields.len() == 2 && is_written_so(&question.ask, fields.get("ask")?);
        (has_all && is_for_pages(&question.ask)).then_some(question)
    }
}

/// Whether a request is spelled as this extension would spell it, without further fields.
fn is_written_so(request: &Request, found: &Value) -> bool {
    let written = write_json(request);
    parse(&written).as_ref() == Some(found)
}

/// What pages show and change. Tor, relay, chain and witnesses follow from events, and the buttons
/// for them are intents.
const fn is_for_pages(request: &Request) -> bool {
    matches!(
        request,
        Request::Reports(_)
            | Request::Receipts(_)
            | Request::Traffic
            | Request::Settings
            | Request::ChangeSetting(_)
            | Request::SetThresholds(_)
            | Request::LedgerLook(_)
            | Request::LedgerEnrol(_)
            | Request::LedgerLeave
            | Request::LedgerSend
            | Request::LedgerInvite
            | Request::LedgerDevices
            | Request::LedgerRemove(_)
            | Request::LedgerRecovery
            | Request::LedgerLogin
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_asks_only_what_pages_may_ask() {
        let ask = |request: &str| Question::parse(&format!("{{\"number\":1,\"ask\":{request}}}"));
        for allowed in [
            r#""traffic""#,
            r#""settings""#,
            r#"{"change_setting":{"key":"relay.port","to":{"words":["9200"]},"keep":true}}"#,
            r#""ledger_leave""#,
            r#"{"reports":{"after":"0","limit":100}}"#,
        ] {
            assert!(ask(allowed).is_some(), "{allowed}");
        }
        for refused in [
            r#""witness""#,
            r#""new_chain""#,
            r#""new_key""#,
            r#""ledger_policy""#,
            r#""tor_stop""#,
            r#""monitor_stop""#,
            r#"{"restore_reports":{"reports":[]}}"#,
            r#""nonsense""#,
            "1",
        ] {
            assert!(ask(refused).is_none(), "{refused}");
        }
        for bad in [
            r#"{"number":1,"ask":"traffic","more":1}"#,
            r#"{"number":1,"ask":{"traffic":null}}"#,
            r#"{"number":1,"ask":{"reports":{"after":"0","limit":1,"more":1}}}"#,
            r#"{"number":-1,"ask":"traffic"}"#,
            r#"{"ask":"traffic"}"#,
            r#"[1,"traffic"]"#,
        ] {
            assert!(Question::parse(bad).is_none(), "{bad}");
        }
    }
}
