//! The socket between the daemon and its clients: frames, connecting, starting on demand.

mod notices;
mod reach;
mod silence;
mod start;
mod stop;

use crate::{home::Home, process::Process};
use futures_util::{SinkExt as _, StreamExt as _};
use meter_wire::{
    Client as ClientName, ErrorCode, FRAME_IN_MAX, FRAME_OUT_MAX, FromDaemon, Hello, HelloReply,
    Outcome, Problem, ProtocolRange, Request, RequestEnvelope, Success, parse_from_daemon,
    write_request,
};
pub(crate) use silence::{Patience, until_silent};
pub(crate) use start::{Attached, connect_or_start};
use std::time::Duration;
pub(crate) use stop::{Means, stop};
use tokio::{net::UnixStream, time};
use tokio_util::{
    bytes::Bytes,
    codec::{FramedRead, FramedWrite, LengthDelimitedCodec},
};

/// How long a command waits for one answer of a daemon that goes on answering others.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// Frames of native messaging: a 32-bit length in native byte order, then that many bytes of
/// JSON. A longer frame is an error before anything is allocated for it.
pub(crate) fn codec(frame_max: usize) -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder()
        .native_endian()
        .length_field_length(HEADER_BYTES)
        .max_frame_length(frame_max)
        .new_codec()
}

/// Bytes of the length before each frame.
pub(crate) const HEADER_BYTES: usize = 4;

/// Like [`codec`], but frames keep their header, so that an end of the stream right behind a
/// header is noticed: the codec takes an empty buffer for the end of a frame otherwise.
pub(crate) fn codec_with_header(frame_max: usize) -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder()
        .native_endian()
        .length_field_length(HEADER_BYTES)
        .length_adjustment(4)
        .num_skip(0)
        .max_frame_length(frame_max)
        .new_codec()
}

/// A client of the daemon for commands: asks one thing at a time.
pub struct Connection {
    home: Home,
    reader: FramedRead<tokio::net::unix::OwnedReadHalf, LengthDelimitedCodec>,
    writer: FramedWrite<tokio::net::unix::OwnedWriteHalf, LengthDelimitedCodec>,
    last_id: u32,
    process: Option<i32>,
    hello: HelloReply,
}

/// Why a connection came to nothing before anything was asked on it.
pub(crate) enum Introduction {
    /// It ended without an answer, as that of a daemon that is ending does.
    Gone,
    /// What answered is no daemon.
    NotADaemon,
    /// The daemon said no.
    Refused(Problem),
}

impl Connection {
    /// Attaches to a running daemon; `None` when there is none.
    ///
    /// # Errors
    /// One runs and does not answer, or something else is in its place. Known within three seconds.
    pub async fn attach(home: &Home) -> Result<Option<Self>, Problem> {
        let greet = async |stream| Self::introduce(home, stream, false).await;
        reach::settle(home, reach::PATIENCE, greet).await
    }

    /// Attaches to the daemon, and starts it when there is none.
    ///
    /// # Errors
    /// When it cannot be started, or as [`Self::attach`].
    pub async fn attach_or_start(home: &Home) -> Result<Self, Problem> {
        start::attach_or_start(home).await
    }

    async fn introduce(
        home: &Home,
        stream: UnixStream,
        notices: bool,
    ) -> Result<Self, Introduction> {
        let process = reach::peer(&stream).map(Process::number);
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
            Err(Failed::Broken(_)) => return Err(Introduction::Gone),
            Err(Failed::Refused(problem)) => return Err(Introduction::Refused(problem)),
        }
        Ok(connection)
    }

    /// The number of the daemon's process, by the kernel.
    pub(crate) const fn process(&self) -> Option<i32> {
        self.process
    }

    /// What the daemon said of itself.
    #[must_use]
    pub const fn hello(&self) -> &HelloReply {
        &self.hello
    }

    /// Asks and waits for the answer, for as long as the daemon answers others.
    ///
    /// # Errors
    /// The daemon's own, or that it does not answer.
    pub async fn ask(&mut self, request: Request) -> Result<Success, Problem> {
        let home = self.home.clone();
        let answer = async {
            tokio::select! {
                answer = self.exchange(request) => answer.map_err(Failed::problem),
                problem = until_silent(&home, Patience::Command) => Err(problem),
            }
        };
        time::timeout(ANSWER_MAX, answer)
            .await
            .map_err(|_| gone("it did not answer in time"))?
    }

    async fn exchange(&mut self, request: Request) -> Result<Success, Failed> {
        self.last_id = self.last_id.wrapping_add(1);
        let envelope = RequestEnvelope {
            id: self.last_id,
            request,
        };
        let frame = Bytes::from(write_request(&envelope));
        let broken = |error: std::io::Error| Failed::Broken(error.to_string());
        self.writer.send(frame).await.map_err(broken)?;
        while let Some(frame) = self.reader.next().await {
            let frame = frame.map_err(|error| match error.kind() {
                // A length beyond the cap.
                std::io::ErrorKind::InvalidData => Failed::Garbage(gone(&error.to_string())),
                _ => broken(error),
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
        Err(Failed::Broken("it closed the connection".to_owned()))
    }
}

/// The name by which commands introduce themselves.
pub(crate) const COMMANDS: &str = "cli";

/// Why a request has no good answer.
enum Failed {
    /// The connection broke.
    Broken(String),
    /// The answer is none of this protocol.
    Garbage(Problem),
    /// The daemon said no.
    Refused(Problem),
}

impl Failed {
    fn problem(self) -> Problem {
        match self {
            Self::Broken(why) => gone(&why),
            Self::Garbage(problem) | Self::Refused(problem) => problem,
        }
    }
}

fn gone(why: &str) -> Problem {
    Problem::with_detail(ErrorCode::DaemonUnreachable, why)
}

pub(crate) fn unexpected() -> Problem {
    Problem::with_detail(
        ErrorCode::Internal,
        "the daemon answered something else than was asked",
    )
}
