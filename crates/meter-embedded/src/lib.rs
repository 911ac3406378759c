#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod lines;

pub use lines::{
    EMBEDDED_LINE_MAX, EmbeddedCircuit, EmbeddedCommand, EmbeddedEvent, EmbeddedFailure,
    EmbeddedFault, EmbeddedPath, EmbeddedProgress, EmbeddedSetup, EmbeddedTransport, EmbeddedWay,
    parse_embedded_command, parse_embedded_event, write_embedded_command, write_embedded_event,
};
