//! Rules of the repository: arrows between crates, licences, what is absent, and form.

mod absent;
mod circles;
mod crates;
#[path = "../tree/files.rs"]
mod files;
mod form;
mod layers;
mod licences;
mod rows;
mod systems;
mod wide;
