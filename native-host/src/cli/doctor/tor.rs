//! Findings about Tor: which one is used and why, its state, and other Tors on this computer. At
//! most twenty lines, and none names a site.

mod others;
mod remedy;

use super::{
    finding::Finding::{self, Bad, Good, Note},
    seen::Seen,
};
use crate::{
    cli::{ask::Patience, output::Format, print, status::sentence, wait},
    config::Config,
    files,
    home::Home,
    problems,
    program::EMBEDDED_TOR,
    tor_supervisor,
};
use meter_core::Backend;
use meter_tor::{Candidate, SurveyedPlace};
use meter_wire::{ErrorCode, Settings, Status, TorState, TorStatus, WireBackend};

/// All findings. What depends on the settings is left out while they cannot be read.
pub(super) fn findings(seen: &Seen, home: &Home, format: Format) -> Vec<Finding> {
    let (status, config) = (seen.status.as_ref(), seen.file.as_ref().ok());
    let places = places(config);
    let survey = async { Ok(meter_tor::survey(&places).await) };
    let words = "waiting for answers at the places where a Tor may run";
    let there = Patience::default().wait(wait::or_say(format, words, survey));
    let there = there.unwrap_or_default();
    let mut findings = vec![in_use(status, config, &there)];
    if let Some(status) = status {
        findings.extend(trouble(&status.tor));
        findings.extend(state(&status.tor));
        findings.extend(control(&status.tor));
    }
    findings.extend(match config {
        Some(config) if is_next(seen) => {
            let next = way(config, home).into_iter().map(of_next_start);
            [way_of_now(seen)].into_iter().chain(next).collect()
        }
        Some(config) => way(config, home),
        None => vec![way_in_force(seen)],
    });
    findings.extend(folder(status, config, home));
    findings.extend(config.and_then(|config| program(config, home)));
    findings.push(built_in(config));
    let is_theirs = backend(status) == Some(Backend::Existing);
    findings.extend(others::findings(&there, is_theirs));
    findings
}

fn way(config: &Config, home: &Home) -> Vec<Finding> {
    let detour = super::detour::findings(config, home);
    if detour.is_empty() && config.tor.backend != Some(Backend::Existing) {
        return vec![Good(
            "way: Tor connects straight to its relays, without bridge or Shadowsocks".to_owned(),
        )];
    }
    detour
}

/// Whether the way of a Tor that runs is another than the one of `config.toml`.
fn is_next(seen: &Seen) -> bool {
    let runs = seen
        .status
        .as_ref()
        .is_some_and(|status| !matches!(status.tor.state, TorState::Off | TorState::Failed(_)));
    let mut changes = seen.in_force.iter().flat_map(Settings::changes);
    runs && changes.any(|setting| ["tor.bridges", "tor.shadowsocks"].contains(&&*setting.key))
}

fn way_of_now(seen: &Seen) -> Finding {
    let way = words_in_force(seen).unwrap_or_else(|| "not known".to_owned());
    Note(format!("way until Tor's next start: {way}"))
}

fn of_next_start(finding: Finding) -> Finding {
    let said = |what: String| format!("from Tor's next start on: {what}");
    match finding {
        Good(what) | Note(what) => Note(said(what)),
        Bad { what, remedy } => Bad {
            what: said(what),
            remedy,
        },
    }
}

/// The detour that the daemon keeps using while `config.toml` has a mistake.
fn way_in_force(seen: &Seen) -> Finding {
    Note(match words_in_force(seen) {
        Some(way) => format!(
            "way, by the settings in force: {way}; a new start is refused until config.toml is \
                mended"
        ),
        None => {
            "way: not known, since config.toml cannot be read; no Tor starts until it is mended"
                .to_owned()
        }
    })
}

/// `None` if the daemon does not tell.
fn words_in_force(seen: &Seen) -> Option<String> {
    let in_force = seen.in_force.as_ref()?;
    let bridges = in_force.in_force("tor.bridges")?;
    Some(match (bridges, in_force.in_force("tor.shadowsocks")?) {
        ("none", "none") => "straight to Tor's relays".to_owned(),
        ("none", file) => format!("through the Shadowsocks server of {file}"),
        (bridges, _) => format!("through bridges ({bridges})"),
    })
}

fn backend(status: Option<&Status>) -> Option<Backend> {
    status?.tor.backend?.known()
}

/// The usual places of a Tor, and those in `config.toml`.
fn places(config: Option<&Config>) -> Vec<Candidate> {
    let socks = config.and_then(|config| config.tor.socks_port.clone());
    let control = config.and_then(|config| config.tor.control_port.clone());
    let named = (socks.is_some() || control.is_some()).then_some(Candidate { socks, control });
    named.into_iter().chain(Candidate::well_known()).collect()
}

fn in_use(status: Option<&Status>, config: Option<&Config>, there: &[SurveyedPlace]) -> Finding {
    let whose = status.and_then(|status| status.tor.whose());
    let why = status.and_then(|status| status.tor.why());
    let why = why.map_or_else(String::new, |why| format!(" ({why})"));
    let version = status.and_then(|status| status.tor.version.as_deref());
    let version = version.map_or_else(String::new, |version| format!(", {}", named(version)));
    match whose {
        Some(whose) => Good(format!(
            "Tor in use: {whose}{why}{version}; `onionmeter tor use` changes that"
        )),
        None => Note(match config {
            Some(config) => format!(
                "no Tor is in use; to be used: {}",
                to_be_used(config, there)
            ),
            None => "no Tor is in use; which one is to be used is not known, since config.toml \
                cannot be read"
                .to_owned(),
        }),
    }
}

/// Adds "Tor" to a version; Arti's contains its name already.
fn named(version: &str) -> String {
    match version.starts_with(|letter: char| letter.is_ascii_digit()) {
        true => format!("version {version}"),
        false => version.to_owned(),
    }
}

/// Uses the same order as the daemon.
fn to_be_used(config: &Config, there: &[SurveyedPlace]) -> &'static str {
    let is_installed = meter_tor::find_program(&config.tor.program).is_ok();
    match config.tor.backend {
        Some(Backend::Existing) => "one that runs already, as config.toml says",
        Some(Backend::Managed) => "one run by Onionmeter, as config.toml says",
        Some(Backend::Embedded) => "the one built into Onionmeter, as config.toml says",
        None if there.iter().any(SurveyedPlace::is_proved) => {
            "the one that runs already and proves itself"
        }
        None if is_installed => "the installed program, run by Onionmeter",
        None if EMBEDDED_TOR.is_some() => "the one built into Onionmeter",
        None => "one that runs already, if there is one",
    }
}

/// Trouble that a running Tor does not report itself.
fn trouble(tor: &TorStatus) -> Option<Finding> {
    let trouble = tor.trouble.as_ref()?;
    let mut what = sentence(&trouble.problem);
    if trouble.for_s > 0 {
        let lasted = print::duration(u64::from(trouble.for_s) * 1_000);
        what += &format!(" For {lasted} now.");
    }
    let remedy = trouble.action.clone();
    Some(match trouble.hinders() {
        true => Bad { what, remedy },
        false => Note(format!("{what} {remedy}")),
    })
}

fn state(tor: &TorStatus) -> Option<Finding> {
    Some(match &tor.state {
        TorState::Ready if tor.is_usable() => Good("Tor is connected".to_owned()),
        TorState::Ready => Note("Tor was connected, and its circuits are there".to_owned()),
        TorState::Bootstrapping {
            percent, summary, ..
        } => Note(format!("Tor is connecting, {percent} %: {summary}")),
        TorState::Failed(problem) => Bad {
            what: sentence(problem),
            remedy: remedy::of(problem).to_owned(),
        },
        TorState::Restarting {
            problem,
            in_ms,
            attempt,
        } => Bad {
            what: format!(
                "{} Tried again in {} (attempt {attempt}).",
                sentence(problem),
                print::duration(*in_ms)
            ),
            remedy: remedy::of(problem).to_owned(),
        },
        TorState::Off => Note("Tor is off; `onionmeter tor start` starts it".to_owned()),
        TorState::Starting => Note("Tor is starting".to_owned()),
        TorState::Stopping => Note("Tor is stopping".to_owned()),
    })
}

/// How much is known about Tor's state, and from where.
fn control(tor: &TorStatus) -> Option<Finding> {
    // Only a Tor that we did not start, without a control port for us, does not tell its version.
    Some(match (tor.backend?.known()?, &tor.version) {
        (Backend::Existing, None) => Note(
            "control: none, so its progress and version are \
            unknown; Onionmeter asks the network itself when in doubt"
                .to_owned(),
        ),
        (Backend::Existing, Some(_)) => Good(
            "control: by its control port, which proved \
            itself; Onionmeter only listens there"
                .to_owned(),
        ),
        (Backend::Managed, _) => Good("control: by a socket in Onionmeter's folder".to_owned()),
        (Backend::Embedded, _) => Good("control: by the pipe to its process".to_owned()),
    })
}

fn folder(status: Option<&Status>, config: Option<&Config>, home: &Home) -> Option<Finding> {
    let is_embedded = match status.and_then(|status| status.tor.backend) {
        Some(WireBackend::Known(Backend::Embedded)) => true,
        Some(WireBackend::Known(Backend::Managed)) => false,
        Some(WireBackend::Known(Backend::Existing) | WireBackend::Unknown) => return None,
        None => match config?.tor.backend {
            Some(Backend::Existing) => return None,
            Some(Backend::Embedded) => true,
            None | Some(Backend::Managed) => false,
        },
    };
    let path = if is_embedded {
        home.embedded_data()
    } else {
        home.tor_data()
    };
    let shown = path.display();
    // Tor checks more than this function, and has reported the result.
    if status.is_some_and(|status| is_refused(&status.tor.state)) {
        return Some(Note(format!("folder: {shown}, refused by Tor, see above")));
    }
    if !path.try_exists().unwrap_or(true) {
        return Some(Note(format!("folder: {shown}, not there yet")));
    }
    Some(match files::private_folder(&path) {
        Ok(()) => Good(format!("folder: {shown}, yours alone")),
        Err(error) => Bad {
            what: problems::chain(&error),
            remedy: "repair its owner and mode as said, then `onionmeter tor start`".to_owned(),
        },
    })
}

fn is_refused(state: &TorState) -> bool {
    match state {
        TorState::Failed(problem) | TorState::Restarting { problem, .. } => {
            problem.code == ErrorCode::TorFolderUnusable
        }
        TorState::Off
        | TorState::Starting
        | TorState::Bootstrapping { .. }
        | TorState::Ready
        | TorState::Stopping => false,
    }
}

fn program(config: &Config, home: &Home) -> Option<Finding> {
    let program = &config.tor.program;
    let is_wanted = match config.tor.backend {
        Some(Backend::Existing | Backend::Embedded) => return None,
        Some(Backend::Managed) => true,
        None => EMBEDDED_TOR.is_none(),
    };
    let (shown, is_own) = (program.display(), *program != Config::default().tor.program);
    Some(match meter_tor::find_program(program) {
        Ok(path) => {
            let version =
                Patience::default().wait(async { Ok(meter_tor::installed_version(&path).await) });
            let version = version.ok().flatten();
            let version = version.map_or_else(
                || "it does not say its version".to_owned(),
                |version| named(&version),
            );
            Good(format!("program: {}, {version}", path.display()))
        }
        Err(_) if !is_own && !is_wanted => {
            Good(format!("program: {shown} is not installed and not needed"))
        }
        Err(meter_tor::TorProblem::Missing) if !is_own => Bad {
            what: format!("the program {shown} is not installed"),
            remedy: "`sudo apt install tor`, `sudo dnf install tor` or `brew install tor`"
                .to_owned(),
        },
        Err(problem) => {
            let said = tor_supervisor::unusable("tor.program", config, home);
            let said = said.and_then(|problem| problem.detail);
            let what = said.unwrap_or_else(|| problems::chain(&problem));
            match is_wanted {
                true => Bad {
                    what: format!("tor.program: {what}"),
                    remedy: "mend that file, or run `onionmeter config unset tor.program`"
                        .to_owned(),
                },
                false => Note(format!(
                    "tor.program is not needed, and cannot be used: {what}"
                )),
            }
        }
    })
}

fn built_in(config: Option<&Config>) -> Finding {
    let backend = config.and_then(|config| config.tor.backend);
    match (EMBEDDED_TOR, backend) {
        (Some(version), _) => Good(format!("built in: {version}")),
        (None, Some(Backend::Embedded)) => Bad {
            what: "tor.backend says \"embedded\", and this program was built without a Tor"
                .to_owned(),
            remedy: "build it with `./build.sh build`, or let tor.backend be \"auto\"".to_owned(),
        },
        (None, _) => Note("built in: none, this program was built without".to_owned()),
    }
}
