//! The documents are true: examples parse, sentences are those of the program, and commands,
//! settings, files and links exist.

mod field_reports;
#[path = "../tree/files.rs"]
mod files;
mod links;
mod markdown;
mod messages;
mod program;
mod receipts;
mod sentences;
mod settings;
mod store;
mod tour;
