#![doc = include_str!("../README.md")]

pub mod dashboard;
pub mod drawn;
pub mod extension;
pub mod history;
pub mod inbox;
pub mod notifications;
pub mod options;
pub mod proxy_value;
pub mod saved;
pub mod text;
pub mod update;
pub mod view;
pub mod web_rtc;

#[cfg(target_arch = "wasm32")]
mod bindings;
#[cfg(target_arch = "wasm32")]
pub mod runtime;

#[cfg(test)]
#[path = "../tests/it/words.rs"]
mod words;
