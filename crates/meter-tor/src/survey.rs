//! Looks for running Tors and for the installed program on this computer. Uses none of them and
//! changes nothing.

use std::path::Path;

use meter_core::TorAddr;

use crate::{
    Candidate, ControlRefusal, SocketFault,
    child::first_line_of,
    control::{Control, ControlError, CookieRule, authenticate},
    dial::{DialError, SocksProbe, dial_theirs, listens, probe_socks},
    scrub::plain_word,
};

/// A place where a Tor may run, and what answered there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SurveyedPlace {
    /// Its SOCKS address; `None` if only a control port was named.
    pub socks: Option<TorAddr>,
    /// The answer at the SOCKS address.
    pub answer: SocksAnswer,
    /// The answers of its control ports, up to the first that proved to be Tor's.
    pub controls: Vec<(TorAddr, ControlAnswer)>,
}

/// The answer at a SOCKS address.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SocksAnswer {
    /// No answer, or no address to ask.
    Nothing,
    /// An answer to HTTP as Tor gives it.
    Tor,
    /// Any other answer.
    NotTor,
    /// A program takes connections there and says nothing.
    Silent,
    /// The address was not asked: another user could have made that socket.
    Unsafe(SocketFault),
}

/// The answer at a control port.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ControlAnswer {
    /// A Tor that proved that it knows the cookie, or one that accepts everybody.
    Proved {
        /// Its version, if it named one.
        version: Option<String>,
    },
    /// A program that must not or cannot be used.
    Refused(ControlRefusal),
    /// The port was not asked: another user could have made that socket.
    Unsafe(SocketFault),
}

impl SurveyedPlace {
    /// Whether anything answered.
    #[must_use]
    pub fn is_anything(&self) -> bool {
        self.answer != SocksAnswer::Nothing || !self.controls.is_empty()
    }

    /// Whether [`Choice::Auto`](crate::Choice::Auto) would use it.
    #[must_use]
    pub fn is_proved(&self) -> bool {
        let proved = |answer: &ControlAnswer| matches!(answer, ControlAnswer::Proved { .. });
        self.controls.iter().any(|(_, answer)| proved(answer))
    }
}

/// Asks at all these places. Asks a SOCKS address only if no control port proved anything, because
/// Tor logs that question. Asks only this computer; each answer takes a few seconds at most.
pub async fn survey(places: &[Candidate]) -> Vec<SurveyedPlace> {
    let mut found: Vec<SurveyedPlace> = Vec::new();
    for place in places {
        let same =
            |surveyed: &SurveyedPlace| place.socks.is_some() && surveyed.socks == place.socks;
        let index = found.iter().position(same).unwrap_or(found.len());
        if index == found.len() {
            found.push(SurveyedPlace {
                socks: place.socks.clone(),
                answer: SocksAnswer::Nothing,
                controls: Vec::new(),
            });
        }
        let Some(surveyed) = found.get_mut(index) else {
            continue;
        };
        if let Some(address) = place.control.as_ref().filter(|_| !surveyed.is_proved()) {
            let answer = ask_control(address).await;
            surveyed
                .controls
                .extend(answer.map(|answer| (address.clone(), answer)));
        }
    }
    for surveyed in &mut found {
        surveyed.answer = match surveyed.is_proved() {
            true => proved_socks(surveyed.socks.as_ref()).await,
            false => ask_socks(surveyed.socks.as_ref()).await,
        };
    }
    found
}

/// A Tor that proved itself may have no SOCKS port there.
async fn proved_socks(address: Option<&TorAddr>) -> SocksAnswer {
    match address {
        Some(address) if listens(address).await.is_err() => SocksAnswer::Nothing,
        Some(_) | None => SocksAnswer::Tor,
    }
}

async fn ask_socks(address: Option<&TorAddr>) -> SocksAnswer {
    let Some(address) = address else {
        return SocksAnswer::Nothing;
    };
    match probe_socks(address).await {
        SocksProbe::Tor => SocksAnswer::Tor,
        SocksProbe::NotTor => SocksAnswer::NotTor,
        SocksProbe::Silent => SocksAnswer::Silent,
        SocksProbe::Unsafe(fault) => SocksAnswer::Unsafe(fault),
        SocksProbe::Nothing | SocksProbe::NotLoopback => SocksAnswer::Nothing,
    }
}

async fn ask_control(address: &TorAddr) -> Option<ControlAnswer> {
    let io = match dial_theirs(address).await {
        Ok(io) => io,
        Err(DialError::Denied) => return Some(ControlAnswer::Refused(ControlRefusal::NoAccess)),
        Err(DialError::Unsafe(fault)) => return Some(ControlAnswer::Unsafe(fault)),
        Err(DialError::Nothing | DialError::NotLoopback) => return None,
    };
    let rule = CookieRule::TorsOr(Vec::new());
    Some(match authenticate(&mut Control::new(io), &rule).await {
        Ok(about) => ControlAnswer::Proved {
            version: about.version,
        },
        Err(ControlError::Refused(refusal)) => ControlAnswer::Refused(refusal),
        Err(_) => ControlAnswer::Refused(ControlRefusal::Malformed),
    })
}

/// The version that an installed `tor` prints; `None` if it prints none within two seconds.
pub async fn installed_version(program: &Path) -> Option<String> {
    let line = first_line_of(program, "--version").await?;
    let version = line.strip_prefix("Tor version ")?;
    let version = version.split_whitespace().next()?.trim_end_matches('.');
    Some(plain_word(version, VERSION_CHARS_MAX))
}

/// Longest version that is shown.
const VERSION_CHARS_MAX: usize = 64;
