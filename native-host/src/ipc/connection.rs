//! A command's connection to the daemon: the hello, and one request after the other.

use super::frames::codec;
use crate::{
    home::Home,
    system::{
        local_socket::{self, ReadHalf, Stream, WriteHalf},
        process::Process,
    },
};
use futures_util::{SinkExt as _, StreamExt as _};
use meter_wire::{
    Client as ClientName, ErrorCode, FRAME_IN_MAX, FRAME_OUT_MAX, FromDaemon, Hello, HelloReply,
    Outcome, Problem, ProtocolRange, Request, RequestEnvelope, Success, parse_from_daemon,
    write_request,
};
use tokio_util::{
    bytes::Bytes,
    codec::{FramedRead, FramedWrite, LengthDelimitedCodec},
};

/// A connection for commands: sends one request at a time.
pub struct Connection {
    pub(super) home: Home,
    pub(super) reader: FramedRead<ReadHalf, LengthDelimitedCodec>,
    writer: FramedWrite<WriteHalf, LengthDelimitedCodec>,
    last_id: u32,
    process: Option<i32>,
    hello: HelloReply,
}

/// The reason why a connection failed before any request.
pub(crate) enum Introduction {
    /// It ended without an answer, like that of a daemon that is ending.
    Gone,
    /// The other side is not a daemon.
    NotADaemon,
    /// The daemon refused.
    Refused(Problem),
}

impl Connection {
    /// Says hello on a connection. `notices`: whether it wants notices.
    pub(super) async fn introduce(
        home: &Home,
        stream: Stream,
        notices: bool,
    ) -> Result<Self, Introduction> {
        let process = peer(&stream).map(Process::number);
        let (reader, writer) = stream.into_split();
        let mut connection = Self {
            home: home.clone(),
            reader: FramedRead::new(reader, codec(FRAME_OUT_MAX)),
            writer: FramedWrite::new(writer, codec(FRAME_IN_MAX)),
            last_id: 0,
            process,
            hello: HelloReply {
                protocol: 0,
                version: String::new(),
                capabilities: Vec::new(),
                key: None,
                chain: None,
                parts: None,
            },
        };
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let client = ClientName {
            name: COMMANDS.to_owned(),
            version,
        };
        let hello = Hello {
            protocol: ProtocolRange::OURS,
            client,
            notices,
        };
        match connection.exchange(Request::Hello(hello)).await {
            Ok(Success::Hello(reply)) => connection.hello = reply,
            Ok(_) | Err(Failed::Garbage(_)) => return Err(Introduction::NotADaemon),
            Err(Failed::Broken) => return Err(Introduction::Gone),
            // It says so of itself while it ends.
            Err(Failed::Refused(problem)) if problem.code == ErrorCode::DaemonUnreachable => {
                return Err(Introduction::Gone);
            }
            Err(Failed::Refused(problem)) => return Err(Introduction::Refused(problem)),
        }
        Ok(connection)
    }

    /// The number of the daemon's process, according to the kernel.
    pub(crate) const fn process(&self) -> Option<i32> {
        self.process
    }

    /// The daemon's answer to hello.
    #[must_use]
    pub const fn hello(&self) -> &HelloReply {
        &self.hello
    }

    /// Sends a request and waits as long as the connection lasts.
    pub(super) async fn exchange(&mut self, request: Request) -> Result<Success, Failed> {
        self.last_id = self.last_id.wrapping_add(1);
        let envelope = RequestEnvelope {
            id: self.last_id,
            request,
        };
        let frame = Bytes::from(write_request(&envelope));
        self.writer.send(frame).await.map_err(|_| Failed::Broken)?;
        while let Some(frame) = self.reader.next().await {
            let frame = frame.map_err(|error| match error.kind() {
                // A length above the limit.
                std::io::ErrorKind::InvalidData => Failed::Garbage(gone(&error.to_string())),
                _ => Failed::Broken,
            })?;
            match parse_from_daemon(&frame).map_err(Failed::Garbage)? {
                FromDaemon::Reply(reply) if reply.id == Some(envelope.id) => {
                    return match reply.outcome {
                        Outcome::Ok(success) => Ok(success),
                        Outcome::Error(problem) => Err(Failed::Refused(problem)),
                    };
                }
                FromDaemon::Reply(_) | FromDaemon::Notice(_) => {}
            }
        }
        Err(Failed::Broken)
    }
}

/// The name by which commands introduce themselves.
pub(crate) const COMMANDS: &str = "cli";

/// The reason why a request has no useful answer.
pub(super) enum Failed {
    /// The connection broke.
    Broken,
    /// The answer is not a message of this protocol.
    Garbage(Problem),
    /// The daemon refused.
    Refused(Problem),
}

impl Failed {
    /// The problem for the caller.
    pub(super) fn problem(self) -> Problem {
        match self {
            Self::Broken => ended(),
            Self::Garbage(problem) | Self::Refused(problem) => problem,
        }
    }
}

/// The daemon cannot be reached.
pub(super) fn gone(why: &str) -> Problem {
    Problem::with_detail(ErrorCode::DaemonUnreachable, why)
}

/// The daemon was there, and has ended.
pub(super) fn ended() -> Problem {
    Problem {
        message: "The Onionmeter daemon ended before it answered.".to_owned(),
        ..Problem::with_detail(
            ErrorCode::DaemonUnreachable,
            "what was asked for may have been done; `onionmeter status` shows it",
        )
    }
}

/// The process that listens at the other end, according to the kernel.
pub(super) fn peer(stream: &Stream) -> Option<Process> {
    local_socket::peer(stream).ok()?.process
}
