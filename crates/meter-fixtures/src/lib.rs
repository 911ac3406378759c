#![doc = include_str!("../README.md")]

pub mod colours;
pub mod compile;
pub mod figures;
pub mod script;
