//! Who names a message: Rust by `key("…")`, scripts by `word` and `tell`, documents by `data-…`.

use super::pages;
use crate::absent::product_code;
use crate::files::read;
use meter_core::{ChainEnd, ContradictionKind, Reason};
use meter_tor::{BridgeFault, ServerFault};
use meter_wire::{ErrorCode, TorReply, Why};
use std::collections::BTreeSet;

/// What is before the quotation mark of a key.
const IN_RUST: [&str; 1] = ["key("];
const IN_SCRIPTS: [&str; 2] = ["word(", "key: "];
const IN_DOCUMENTS: [&str; 4] = [
    "data-text=",
    "data-label=",
    "data-title=",
    "data-placeholder=",
];

/// Each key that code names, with the file.
pub(super) fn named() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut add = |path: &str, text: &str, before: &[&str]| {
        for before in before {
            let start = format!("{before}\"");
            for piece in text.split(&start).skip(1) {
                let key = piece.split('"').next().unwrap_or_default();
                found.push((path.to_owned(), key.to_owned()));
            }
        }
    };
    for file in rust() {
        add(&file.path, &file.text, &IN_RUST);
    }
    for file in pages(".js") {
        add(&file.path, &file.text, &IN_SCRIPTS);
    }
    for file in pages(".html") {
        add(&file.path, &file.text, &IN_DOCUMENTS);
    }
    for piece in read("manifest.json").split("__MSG_").skip(1) {
        let key = piece.split_once("__").expect("the end of a key").0;
        found.push(("manifest.json".to_owned(), key.to_owned()));
    }
    found
}

fn rust() -> Vec<crate::files::Tracked> {
    let mut files = product_code();
    files.retain(|file| file.path.starts_with("extension-wasm/src/"));
    files
}

/// Everything between quotation marks: a script may hand a key on before it is looked up.
pub(super) fn quoted() -> BTreeSet<String> {
    let files = rust().into_iter().chain(pages(".js")).chain(pages(".html"));
    let texts = files.flat_map(|file| {
        let pieces = file.text.split('"').map(str::to_owned);
        pieces.collect::<Vec<_>>()
    });
    let named = named().into_iter().map(|(_, key)| key);
    texts.chain(named).collect()
}

/// Why the program refuses a setting, besides bridges and servers; `line` names one of several.
const OF_SETTINGS: [&str; 12] = [
    "bridges_existing",
    "bridges_max",
    "character_hidden",
    "country",
    "country_embedded",
    "country_existing",
    "line",
    "number",
    "one_way",
    "place",
    "range",
    "server_existing",
];

/// The names of Tor's `control-spec`, "Bootstrap phases", that Tor has today.
const PHASES: [&str; 25] = [
    "starting",
    "conn_pt",
    "conn_done_pt",
    "conn_proxy",
    "conn_done_proxy",
    "conn",
    "conn_done",
    "handshake",
    "handshake_done",
    "onehop_create",
    "requesting_status",
    "loading_status",
    "loading_keys",
    "requesting_descriptors",
    "loading_descriptors",
    "enough_dirinfo",
    "ap_conn_pt",
    "ap_conn_done_pt",
    "ap_conn_proxy",
    "ap_conn_done_proxy",
    "ap_conn",
    "ap_conn_done",
    "ap_handshake",
    "ap_handshake_done",
    "circuit_create",
];

/// The messages of enumerations, which Rust names by `Text::of_family`, and those that scripts put
/// together.
pub(super) fn families() -> Vec<String> {
    let mut found = vec![
        "error_page_worker_gone".to_owned(),
        "error_setting_refused_too_long".to_owned(),
        "error_unknown".to_owned(),
    ];
    let mut add = |family: &str, member: &str| {
        found.push(format!("{family}_{}", member.replace('-', "_")));
    };
    for code in ErrorCode::ALL {
        add("error", &name(code));
        if code.tor_action().is_some() {
            add("action", &name(code));
        }
    }
    for reply in TorReply::ALL.iter().chain([&TorReply::Other]) {
        add("reply", &name(reply));
        add("reply_action", &name(reply));
    }
    for role in ["guard", "bridge", "middle", "exit", "meeting", "other"] {
        add("hop", role);
    }
    for reason in Reason::ALL {
        add("reason", reason.name());
    }
    for kind in ContradictionKind::ALL {
        add("contradiction", kind.name());
    }
    for cause in OF_SETTINGS.iter().chain(BridgeFault::CAUSES) {
        add("refused", cause);
    }
    for cause in ServerFault::CAUSES {
        add("refused", cause);
    }
    for why in Why::ALL {
        add("why", why.name());
    }
    for side in ["program", "extension"] {
        add("older", side);
    }
    for phase in PHASES {
        add("phase", phase);
    }
    for end in ChainEnd::ALL {
        add("chain_end", end.name());
    }
    for span in ["hours", "days", "weeks"] {
        add("sum", span);
    }
    found
}

fn name(member: &impl serde::Serialize) -> String {
    let name = serde_json::to_value(member).expect("a name");
    name.as_str().expect("a name").to_owned()
}
