#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod answer;
mod backend;
mod circuit;
mod codec;
mod earlier;
mod error;
pub mod face;
pub mod ledger;
mod membership;
mod message;
mod plain;
mod problem;
mod read;
mod report;
mod request;
mod settings;
mod status;
mod text;
mod thresholds;
mod traffic;
mod trouble;
mod unreached;
mod why;
mod witness;
mod word;

pub use answer::{WireAnswer, WireReceipt};
pub use backend::WireBackend;
pub use circuit::{Circuit, Hop, HopRole, SiteCircuit, SiteQuery};
pub use codec::{
    ParseError, parse_from_daemon, parse_reports_file, parse_request, write_message, write_request,
};
pub use earlier::{EARLIER_PAGE_MAX, EarlierChain, EarlierPage, EarlierQuery, EarlierSum};
pub use error::ErrorCode;
pub use membership::{
    BadgeNumber, LedgerDevice, LedgerDevices, LedgerEnrol, LedgerEnrolled, LedgerLogin, LedgerLook,
    LedgerOffer, LedgerOpened, LedgerPolicy, LedgerRemove, LedgerSecret, LedgerStatus, Lowered,
    RECEIPTS_PAGE_MAX, ReceiptsPage, ReceiptsQuery, Sending, chain_end_sentence, difference,
    reason_sentence,
};
pub use message::{
    Bootstrap, DaemonParts, FromDaemon, HelloReply, Notice, Outcome, Reply, ReportsPage, Success,
};
pub use problem::Problem;
pub use read::{parse, read_json, read_value, write_json};
pub use report::{REPORTS_FORMAT, ReportsFile, WireReport, WireReportError};
pub use request::{
    Client, Hello, ProtocolRange, RESTORE_MAX, ReportsQuery, Request, RequestEnvelope,
    RestoreReports, TorUse,
};
pub use settings::{ChangeSetting, Setting, SettingChanged, SettingValue, Settings, TakesEffect};
pub use status::{
    RelayStatus, Restored, RestoredState, SessionStatus, Status, TorState, TorStatus,
};
pub use text::{HexBytes, I64Text, U64Text};
pub use thresholds::SetThresholds;
pub use traffic::Traffic;
pub use trouble::TorTrouble;
pub use unreached::{TorReply, UNREACHED_WINDOW_MS, Unreached};
pub use why::Why;
pub use witness::{Witness, WitnessQuery, WitnessSeen, WitnessText};

/// The version of this protocol. Each side names the range it speaks; the highest common version is
/// used.
pub const PROTOCOL: u16 = 1;

/// Name under which browsers know the native messaging host (no hyphen is allowed in it).
pub const HOST_NAME: &str = "org.onionmeter.host";

/// Largest frame towards the daemon, in bytes. This limit is ours, far below those of the browsers.
pub const FRAME_IN_MAX: usize = 64 * 1024;

/// Largest frame towards a client, in bytes. Chromium and Firefox end the connection at 1 MiB.
pub const FRAME_OUT_MAX: usize = 512 * 1024;

/// Longest name of a site in a request, in bytes: the longest name that DNS and SOCKS allow.
pub const SITE_BYTES_MAX: usize = 255;

/// Most reports in one page. Such a page stays well below [`FRAME_OUT_MAX`].
pub const REPORTS_PAGE_MAX: u16 = 500;

// 264 bytes in hexadecimal with keys and punctuation take less than 640 bytes.
const _: () = assert!(REPORTS_PAGE_MAX as usize * 640 < FRAME_OUT_MAX);
