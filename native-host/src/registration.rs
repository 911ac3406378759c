//! Registering the host with browsers: which, where, and the manifest that goes there.

mod browsers;
mod manifest;
mod places;

pub use browsers::{BROWSERS, Browser, Family, Os};
pub use manifest::{ManifestState, inspect, manifest_json, remove, write};
pub use places::{Place, places, places_of};
