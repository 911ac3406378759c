//! `serve`: the ledger itself.

use super::{
    answer::{Answer, CommandError, Format},
    exit,
    open::{Common, Home},
};
use crate::{
    config::{Config, Enrolment, Log, address},
    http::{self, Origin, Tls, Transport, enrol_command},
    ledger::Ledger,
    opening,
    serve::{self, ServeError, Service, Signals},
    store,
};
use meter_core::Vkey;
use std::{
    io::{self, Write as _},
    net::{SocketAddr, TcpListener},
    path::PathBuf,
};

pub(super) const HELP: &str = "\
Examples:
  onionmeter-ledger serve                                     on this computer, for oneself
  onionmeter-ledger serve --origin http://yourledger.onion    behind an onion service
  onionmeter-ledger serve --invite-only                       a new ledger for invited people

It prints its address, its public key, and the command with which people enrol their devices. All
options can stand in config.toml. Commands of the same folder work while it runs, and take effect
within two seconds.

Exit status: 0 it was asked to end (SIGTERM, SIGINT), 2 the folder, key, database or port cannot be
used, 78 a mistake in config.toml.";

#[derive(clap::Args)]
pub(super) struct Serve {
    /// Where to listen [default: 127.0.0.1:3443]
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = address)]
    listen: Option<SocketAddr>,
    /// Where /healthz and /metrics answer as well, for tools on this computer: 127.0.0.1:3444
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = address)]
    monitor: Option<SocketAddr>,
    /// An address under which clients reach it; may be repeated, the first one is shown
    #[arg(long, value_name = "URL")]
    origin: Vec<String>,
    /// A new ledger opens accounts by invitation only
    #[arg(long)]
    invite_only: bool,
    /// Certificate chain (PEM), with --tls-key; an onion service needs none
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Key of the certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Tor names the circuit of each connection (HiddenServiceExportCircuitID haproxy)
    #[arg(long)]
    export_circuit_id: bool,
    /// Forget the bodies of reports after so many days, 0: never; receipts and balances stay
    #[arg(long, value_name = "DAYS", allow_hyphen_values = true)]
    keep_reports: Option<u32>,
    /// Go on with a database that is older than what was signed
    #[arg(long)]
    accept_rollback: bool,
}

impl Serve {
    pub(super) fn run(self, common: &Common) -> Result<Answer, CommandError> {
        check_clock()?;
        let mut home = common.prepare()?;
        self.settle(&mut home);
        home.config.check()?;
        home.config.origins(home.config.listen)?;
        begin_log(home.config.log);
        let mut lock = home.folder.lock()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build();
        let runtime = runtime.map_err(|error| failed(&ServeError::Io(error)))?;
        let entered = runtime.enter();
        // The port first: a process that cannot listen changes nothing.
        let listener = listen(home.config.listen, "--listen")?;
        let monitor = home.config.monitor.map(|at| listen(at, "--monitor"));
        let monitor = monitor.transpose()?;
        let transport = runtime.block_on(transport(&home.config))?;
        let (ledger, guard) = opening::open_to_serve(&home.folder, &home.wanted)?;
        // A program that has read the address may end the server properly.
        let signals = Signals::take().map_err(|error| failed(&error))?;
        drop(entered);
        let at = listener.local_addr();
        let at = at.map_err(|error| failed(&ServeError::Io(error)))?;
        let origins = home.config.origins(at)?;
        for origin in &origins {
            lock.add_address(&origin.to_string());
        }
        let tools = monitor.as_ref().map(TcpListener::local_addr).transpose();
        let tools = tools.map_err(|error| failed(&ServeError::Io(error)))?;
        say(&home, (at, tools), &origins, &ledger, common.format)?;
        let service = Service {
            ledger,
            guard,
            folder: home.folder.root().to_owned(),
            listener,
            monitor,
            transport,
            origins,
            config: home.config,
        };
        let served = runtime.block_on(serve::run(service, signals));
        // What still blocks after its time was over is not waited for.
        runtime.shutdown_background();
        drop(lock);
        match served {
            Ok(()) => Ok(Answer::new("ended", "")),
            Err(error) => Err(failed(&error)),
        }
    }

    /// Options come before the settings.
    fn settle(self, home: &mut Home) {
        let config = &mut home.config;
        if let Some(listen) = self.listen {
            config.listen = listen;
        }
        config.monitor = self.monitor.or(config.monitor);
        if !self.origin.is_empty() {
            config.origins = self.origin;
        }
        if self.invite_only {
            config.enrolment = Enrolment::ByInvitation;
        }
        if self.tls_cert.is_some() {
            (config.tls_cert, config.tls_key) = (self.tls_cert, self.tls_key);
        }
        config.export_circuit_id |= self.export_circuit_id;
        if let Some(days) = self.keep_reports {
            config.keep_reports_days = days;
        }
        home.wanted.enrolment = super::open::rule(config.enrolment);
        home.wanted.make = true;
        home.wanted.accept_rollback = self.accept_rollback;
    }
}

/// Every answer of HTTP has its date.
fn check_clock() -> Result<(), CommandError> {
    match store::clock_has_dates() {
        true => Ok(()),
        false => Err(CommandError::new(
            exit::REFUSED,
            "this computer's clock is before 1970 or after 9999; set it, and start the ledger \
             again",
        )),
    }
}

fn listen(address: SocketAddr, option: &str) -> Result<TcpListener, CommandError> {
    http::listen(address).map_err(|error| {
        let mend = match error.kind() {
            io::ErrorKind::AddrInUse => "another program has that port; choose another one with",
            io::ErrorKind::PermissionDenied => {
                "a port below 1024 needs CAP_NET_BIND_SERVICE; choose another one with"
            }
            _ => "name an address of this computer with",
        };
        CommandError::new(
            exit::REFUSED,
            format!("cannot listen on {address}: {error}; {mend} {option}"),
        )
    })
}

async fn transport(config: &Config) -> Result<Transport, CommandError> {
    let tls = match (&config.tls_cert, &config.tls_key) {
        (Some(certificate), Some(key)) => {
            let read = Tls::from_files(certificate, key).await;
            let read = read.map_err(|error| {
                let (certificate, key) = (certificate.display(), key.display());
                let message =
                    format!("cannot use the certificate {certificate} with {key}: {error}");
                CommandError::new(exit::REFUSED, message)
            });
            Some(read?)
        }
        _ => None,
    };
    Ok(Transport {
        tls,
        names_circuit: config.export_circuit_id,
    })
}

fn failed(error: &ServeError) -> CommandError {
    CommandError::new(exit::REFUSED, error.to_string())
}

/// In the place of the command.
const NOBODY_ENROLS: &str = "no device can: `onionmeter` reaches an onion service, or this \
    computer without TLS; add such an address to origins";

/// Tells the operator once where the ledger is and how people enrol, and if it only reads.
fn say(
    home: &Home,
    (listening, tools): (SocketAddr, Option<SocketAddr>),
    origins: &[Origin],
    ledger: &Ledger,
    format: Format,
) -> Result<(), CommandError> {
    let first = origins.first().ok_or(ServeError::NoOrigin);
    let address = first.map_err(|error| failed(&error))?;
    let vkey = Vkey::new(address.host(), ledger.key());
    let vkey = vkey.map_err(|error| CommandError::new(exit::CONFIG, error.to_string()))?;
    let enrol = enrol_command(origins);
    let (line, hand_out) = match &enrol {
        Some(enrol) => (enrol.as_str(), "Hand out the last line. "),
        None => (NOBODY_ENROLS, ""),
    };
    let tools = tools.map(|at| format!("http://{at}"));
    let monitor = tools
        .as_ref()
        .map(|at| format!("  monitor  {at}/metrics\n"));
    let text = format!(
        "Serving {}\n\n  address  {address}\n  key      {vkey}\n{}  enrol    {line}\n\n\
         {hand_out}Keep a copy of {}: nobody can replace it.\n",
        home.folder.root().display(),
        monitor.as_deref().unwrap_or_default(),
        home.folder.key().display(),
    );
    let held = ledger.held();
    let all: Vec<_> = origins.iter().map(ToString::to_string).collect();
    // A closed stdout is no reason not to serve.
    Answer::new("serving", text)
        .with("data", home.folder.root().display().to_string())
        .with("address", address.to_string())
        .with("origins", all)
        .with("listen", listening.to_string())
        .with("monitor", tools)
        .with("vkey", vkey.to_string())
        .with("enrol", enrol)
        .with("process", std::process::id())
        .with("read_only", held)
        .print(format);
    if let Some(why) = held.filter(|_| format == Format::Text) {
        let line = format!("onionmeter-ledger: read-only: {why}\n");
        drop(io::stderr().lock().write_all(line.as_bytes()));
    }
    Ok(())
}

fn begin_log(log: Log) {
    crate::log::begin(match log {
        Log::Error => tracing::Level::ERROR,
        Log::Warn => tracing::Level::WARN,
        Log::Info => tracing::Level::INFO,
        Log::Debug => tracing::Level::DEBUG,
    });
}
