#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod actor;
mod bootstrap;
mod bridge;
mod child;
mod chosen;
mod circuit;
mod config;
mod control;
mod detour;
mod dial;
mod embedded;
mod existing;
mod folders;
mod ledger_address;
mod managed;
mod options;
mod problem;
mod publisher;
mod restarts;
mod scrub;
mod socket;
mod status;
mod survey;
mod tor;
mod version;

pub use bridge::{Bridge, BridgeFault, Transport};
pub use circuit::{Built, Circuit, Hop, HopRole, SiteCredentials, WAYS_MAX};
pub use config::{Candidate, Embedded, RestartPolicy, TorConfig};
pub use detour::Detour;
pub use dial::{IsolationKey, LedgerDialError, LedgerStream, dial_ledger};
pub use folders::{SOCKET_PATH_BYTES_MAX, find_program};
pub use ledger_address::{LedgerAddress, LedgerAddressError, OnionName, OnionNameError};
pub use meter_embedded::ConnectError;
pub use meter_owner::Listener;
pub use meter_uplink::{FileFault, ServerFault, UplinkError};
pub use options::{OPTIONS_ALLOWED, is_idle_bridge, may_be_set, odd_blank};
pub use problem::{
    ControlRefusal, CookieFault, FolderFault, InsideFault, OpenFolder, ProgramFault, Retry,
    TorProblem, no_more_files,
};
pub use socket::SocketFault;
pub use status::{Bootstrap, TorState, TorStatus, TorWarning};
pub use survey::{ControlAnswer, SocksAnswer, SurveyedPlace, installed_version, survey};
pub use tor::Tor;
