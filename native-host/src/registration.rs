//! Registers the host with browsers: which browsers, where, and with which manifest.

mod browsers;
mod command;
mod manifest;
mod named;
mod places;
mod program;
mod record;
mod sandbox;
mod table;
mod trial;

pub use browsers::{Browser, Family, Os, Reach};
pub(crate) use command::{Command, command_of, put_command, remove_command};
pub use manifest::{ManifestState, Removed, inspect, manifest_json, remove, would_remove, write};
pub(crate) use manifest::{program_of, spelled};
pub(crate) use named::named;
pub use places::{Place, Presence, places, places_of};
pub(crate) use program::{
    ProgramError, noexec_mount, own_programs, place_for_program, put_program,
};
pub(crate) use record::{Record, all_places, config_home};
pub(crate) use sandbox::limit;
pub use trial::TRIAL_VARIABLE;
pub(crate) use trial::{Trial, try_host};
