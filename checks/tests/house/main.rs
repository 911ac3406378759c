//! Rules of the repository: arrows between crates, licences, what is absent, form, and `build.sh`.

mod absent;
mod circles;
mod crates;
#[path = "../tree/files.rs"]
mod files;
mod form;
mod layers;
mod licences;
mod names;
mod repeats;
mod rows;
mod script;
mod systems;
mod twins;
mod wide;
mod words;
