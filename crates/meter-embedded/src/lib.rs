#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod lines;

pub use lines::{
    ConnectError, EMBEDDED_LINE_MAX, EmbeddedCircuit, EmbeddedCommand, EmbeddedError,
    EmbeddedEvent, EmbeddedPath, EmbeddedProgress, EmbeddedSetup, EmbeddedTransport, EmbeddedWay,
    parse_embedded_command, parse_embedded_event, write_embedded_command, write_embedded_event,
};
