//! `serve`: a page and an HTTP API on this computer, for people and programs without the extension.

use super::{
    ask::Patience,
    outcome::{CommandError, Outcome},
    output::{Answer, Format},
};
use crate::{
    EXIT_BUG, EXIT_DATA, EXIT_UNAVAILABLE,
    face::{self, TokenFileError},
    home::Home,
    ipc::Connection,
    launch, problems,
    system::{
        clock::Clock,
        core_dumps, listener,
        os::{HERE, System},
        process,
    },
};
use clap::Args;
use meter_face::{DEFAULT_PORT, Face, Limits, OPEN_PAGE, PAGE, Token, listen, origin};
use std::{io, path::Path, process::ExitCode, sync::Arc};
use tokio::task::LocalSet;
use tokio_util::sync::CancellationToken;

const HELP: &str = "\
Examples:
  onionmeter serve                            until Ctrl-C; prints a link to its page
  onionmeter serve --open                     also opens the page in the browser
  onionmeter serve --link                     one more link to a server that runs already

  curl -H \"Authorization: Bearer $(cat ~/.local/share/onionmeter/http-token)\" \\
    http://127.0.0.1:3001/api/tor/status

Uses the daemon that runs, or starts one, and keeps it running. Only this computer reaches the
server, and only with the token of the file http-token. docs/without-the-extension.md shows how
other programs go through Tor and are counted.

Exit status: 0 it was asked to end (--link: the link is printed), 7 the daemon cannot be started,
64 the home cannot be used, 65 the token's file is not safe, 69 the port is taken (--link: no server
answers there), 78 a mistake in config.toml.";

/// Serve a page and an HTTP API on this computer, for use without the extension
#[derive(Args)]
#[command(after_help = HELP)]
pub(super) struct Arguments {
    /// The port on 127.0.0.1
    #[arg(
        long,
        value_name = "PORT",
        default_value_t = DEFAULT_PORT,
        value_parser = clap::value_parser!(u16).range(1..),
        allow_hyphen_values = true,
    )]
    port: u16,
    /// Open the page in the browser
    #[arg(long)]
    open: bool,
    /// Only print another one-time link to the page, for a server that runs already
    #[arg(long, conflicts_with = "open")]
    link: bool,
}

pub(super) fn run(arguments: &Arguments, home: &Home, format: Format) -> Outcome {
    home.prepare().map_err(|error| CommandError::home(&error))?;
    let token = face::load_or_make(home).map_err(|error| match error {
        TokenFileError::Io(path, cause) if problems::disk_of(cause.kind()).is_some() => {
            CommandError::Problem(problems::unwritable(&cause, &path))
        }
        other => CommandError::Exit(EXIT_DATA, problems::chain(&other)),
    })?;
    if arguments.link {
        let port = arguments.port;
        Patience::default().wait(async { Ok(check_server(port)) })??;
        let link = link(&token, arguments.port)?;
        let text = format!("Open this once, within ten minutes:\n{link}");
        return Answer::new("link", text).with("link", link).print(format);
    }
    // A dump of this process would hold the token.
    crate::ignore_because(
        "a system without dumps has none to forbid",
        core_dumps::forbid(),
    );
    let serving = Serving {
        home,
        arguments,
        format,
    };
    match Patience::default().wait(async { Ok(serving.run(token).await) })? {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) => Err(error),
    }
}

/// Another program at that port would get the link, and with it the page's token.
fn check_server(port: u16) -> Result<(), CommandError> {
    let refused = |why: String| Err(CommandError::Exit(EXIT_UNAVAILABLE, why));
    // Who can listen there finds nobody there.
    if listen(port).is_ok() {
        return refused(format!(
            "no server listens on port {port} of 127.0.0.1; start one with `onionmeter serve`, or \
             name its port with --port"
        ));
    }
    match listener::of(port) {
        Some(holder) if !holder.may_serve() => refused(format!(
            "port {port} of 127.0.0.1 belongs to {holder}, which is no `onionmeter serve`; name \
             the server's port with --port"
        )),
        Some(_) | None => Ok(()),
    }
}

/// A link that hands the page its token once. What follows `#` is sent to no server.
fn link(token: &Token, port: u16) -> Result<String, CommandError> {
    let code = token.link(Clock::wall());
    let code = code.map_err(|error| CommandError::Exit(EXIT_BUG, error.to_string()))?;
    Ok(format!("{}/#{code}", origin(port)))
}

struct Serving<'a> {
    home: &'a Home,
    arguments: &'a Arguments,
    format: Format,
}

impl Serving<'_> {
    async fn run(&self, token: Token) -> Result<(), CommandError> {
        let port = self.arguments.port;
        let listener = listen(port).map_err(|error| cannot_listen(port, &error))?;
        let (daemon, task) = face::daemon(self.home);
        let bug = |error: io::Error| CommandError::Exit(EXIT_BUG, error.to_string());
        let face = Face::new(
            listener,
            Arc::new(daemon),
            token.clone(),
            PAGE,
            Limits::default(),
        );
        let face = face.map_err(bug)?;
        // Only now: the server refuses links from before it.
        let link = link(&token, port)?;
        // Starts what does not run, so that its refusal is an answer in this terminal.
        let daemon = Connection::attach_or_start(self.home).await?;
        let stop = CancellationToken::new();
        if self.arguments.open {
            face.expect_page();
        }
        let served = face.serve(stop.clone());
        self.say(&link)?;
        if self.arguments.open {
            self.open()?;
        }
        let ended = async {
            process::asked_to_end().await;
            stop.cancel();
            // `served` ends once its clients have.
            std::future::pending::<()>().await;
        };
        let local = LocalSet::new();
        tokio::select! {
            () = served => {}
            () = local.run_until(task.run()) => {}
            () = ended => {}
        }
        drop(daemon);
        Ok(())
    }

    fn say(&self, link: &str) -> Result<(), CommandError> {
        let (address, token) = (origin(self.arguments.port), self.home.http_token());
        let text = format!(
            "Serving {address}/ until Ctrl-C.\nOpen this once, within ten minutes:\n{}\n\
             For programs, the token is in {}.",
            link,
            token.display()
        );
        Answer::new("serving", text)
            .with("address", address)
            .with("link", link)
            .with("token_file", token.display().to_string())
            .print(self.format)
            .map(drop)
    }

    /// Without the link: other users can read what a browser is started with.
    fn open(&self) -> Result<(), CommandError> {
        let page = format!("{}/#{OPEN_PAGE}", origin(self.arguments.port));
        let opener = match HERE {
            System::MacOs => "open",
            System::Linux | System::Other => "xdg-open",
        };
        let started = launch::start_browser(Path::new(opener), &[page.into()]);
        started.map(drop).map_err(|error| {
            let text = format!("{opener} cannot be started: {error}; open the link by hand");
            CommandError::Exit(EXIT_UNAVAILABLE, text)
        })
    }
}

fn cannot_listen(port: u16, error: &io::Error) -> CommandError {
    let text = match error.kind() {
        io::ErrorKind::AddrInUse => {
            let holder = listener::of(port);
            let holder = holder.map_or_else(|| "another program".to_owned(), |it| it.to_string());
            format!(
                "port {port} of 127.0.0.1 is taken by {holder}; choose another one with --port. If \
                 that is `onionmeter serve`, `onionmeter serve --link` prints another link to it"
            )
        }
        io::ErrorKind::PermissionDenied => {
            format!("port {port} is for root only; choose one from 1024 on with --port")
        }
        _ => format!("127.0.0.1:{port} cannot be opened: {error}"),
    };
    CommandError::Exit(EXIT_UNAVAILABLE, text)
}
