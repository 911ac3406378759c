//! Starts the host as a browser would, and describes the result.

use super::{Family, noexec_mount};
use crate::{home::HOME_VARIABLE, ids, ipc, shell_word::shell_word, system};
use futures_util::{SinkExt as _, StreamExt as _};
use meter_wire::{
    Client, FRAME_IN_MAX, FRAME_OUT_MAX, Hello, ProtocolRange, Request, RequestEnvelope,
    parse_from_daemon, write_request,
};
use std::{fs, io, path::Path, process::Stdio, time::Duration};
use tokio::{process::Command, time};
use tokio_util::{
    bytes::Bytes,
    codec::{FramedRead, FramedWrite},
};

/// Set for a trial: the bridge answers the first frame and asks no daemon, so that the check starts
/// nothing.
pub const TRIAL_VARIABLE: &str = "ONIONMETER_TRIAL";

/// How long the program may take to answer.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// The result of a start.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Trial {
    /// The program answered in frames.
    Answers,
    /// It did not answer, for a reason that `install` repairs.
    Repairable(String),
    /// It did not answer, for another reason; the text names it with its remedy.
    Fails {
        /// What happened.
        what: String,
        /// What to do.
        remedy: String,
    },
}

/// Starts `program` with the arguments of a browser of this family.
pub(crate) async fn try_host(program: &Path, family: Family, manifest: &Path) -> Trial {
    let at = program.display();
    let mut command = Command::new(program);
    match family {
        Family::Chromium => command.arg(ids::chromium_origin()),
        Family::Firefox => command.arg(manifest).arg(ids::firefox_id()),
    };
    let started = command
        .env_remove(HOME_VARIABLE)
        .env(TRIAL_VARIABLE, "1")
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn();
    let mut child = match started {
        Ok(child) => child,
        Err(error) => return not_started(program, &error),
    };
    let outcome = time::timeout(ANSWER_MAX, exchange(&mut child)).await;
    // The process is ended, so that the file can be replaced at once.
    crate::ignore_because("it ended by itself", child.kill().await);
    match outcome {
        Ok(Ok(())) => Trial::Answers,
        Ok(Err(why)) => Trial::Repairable(format!("{at} starts, but {why}")),
        Err(_) => Trial::Fails {
            what: format!(
                "{at} starts, but does not answer within {} s",
                ANSWER_MAX.as_secs()
            ),
            remedy: "see whether the computer is busy or the disk of the program hangs, then run \
                doctor again"
                .to_owned(),
        },
    }
}

/// Says hello and waits for the first frame.
async fn exchange(child: &mut tokio::process::Child) -> Result<(), String> {
    let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err("has no input or output".to_owned());
    };
    let hello = Hello {
        protocol: ProtocolRange::OURS,
        client: Client {
            name: "doctor".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        notices: false,
    };
    let envelope = RequestEnvelope {
        id: 1,
        request: Request::Hello(hello),
    };
    let mut writer = FramedWrite::new(stdin, ipc::codec(FRAME_IN_MAX));
    // A program that ended at once accepts no frame; its exit status says more than this error.
    crate::ignore_because(
        "its end tells",
        writer.send(Bytes::from(write_request(&envelope))).await,
    );
    let mut reader = FramedRead::new(stdout, ipc::codec(FRAME_OUT_MAX));
    match reader.next().await {
        Some(Ok(frame)) => parse_from_daemon(&frame)
            .map(drop)
            .map_err(|_| "answers something else than Onionmeter does".to_owned()),
        Some(Err(_)) => Err("answers something else than Onionmeter does".to_owned()),
        None => match child.wait().await {
            Ok(status) => Err(format!("ends without an answer ({status})")),
            Err(error) => Err(format!("ends without an answer ({error})")),
        },
    }
}

fn not_started(program: &Path, error: &io::Error) -> Trial {
    let at = program.display();
    let Ok(meta) = fs::metadata(program) else {
        return Trial::Repairable(format!("{at} is not there"));
    };
    if system::files::mode(&meta) & 0o111 == 0 {
        return Trial::Repairable(format!("{at} is not marked as executable"));
    }
    if let Some(mount) = noexec_mount(program) {
        return Trial::Fails {
            what: format!(
                "{at} cannot be started: {} is mounted noexec",
                mount.display()
            ),
            remedy: "install into a folder on another disk: `ONIONMETER_HOME=/another/folder \
                onionmeter install`"
                .to_owned(),
        };
    }
    match error.kind() {
        io::ErrorKind::PermissionDenied => Trial::Fails {
            what: format!("you may not start {at}"),
            remedy: format!(
                "give it back to yourself and make it executable: `sudo chown \"$(id -u)\" \
                    {word}`, then `chmod 755 {word}`",
                word = shell_word(program)
            ),
        },
        _ => Trial::Repairable(format!("{at} cannot be started: {error}")),
    }
}
