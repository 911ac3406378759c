#![doc = include_str!("../README.md")]

pub mod browser;
pub mod device;
pub mod ledger_client;
pub mod loopback;
pub mod ports;
pub mod postgres;
pub mod postgres_proxy;
pub mod shadowsocks;
pub mod site;
pub mod socks;
pub mod tor_network;

mod process;
mod program;
