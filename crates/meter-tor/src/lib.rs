#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod actor;
mod backend;
mod bootstrap;
mod child;
mod config;
mod control;
mod desk;
mod dial;
mod embedded;
mod existing;
mod folders;
mod managed;
mod problem;
mod restarts;
mod scrub;
mod status;
mod tor;

pub use config::{Candidate, Choice, ControlAddr, Embedded, RestartPolicy, TorConfig};
pub use folders::find_program;
pub use problem::{ControlRefusal, CookieFault, FolderFault, OPTIONS_ALLOWED, Retry, TorProblem};
pub use status::{BackendKind, Bootstrap, Complaint, TorState, TorStatus, TorWarning};
pub use tor::Tor;
