//! A look at what is there: Tors that run on this computer already, and the installed program. Uses
//! none of them and changes nothing.

use std::path::Path;

use meter_core::TorAddr;

use crate::{
    Candidate, ControlRefusal, SocketFault,
    child::first_line_of,
    control::{Control, ControlError, CookieRule, authenticate},
    dial::{DialError, SocksProbe, dial_theirs, probe_socks},
    scrub::plain_word,
};

/// What was found at one place where a Tor may run.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SurveyedPlace {
    /// Its SOCKS address; `None` where only a control port was named.
    pub socks: Option<TorAddr>,
    /// What answers at the SOCKS address.
    pub answer: SocksAnswer,
    /// Its control ports that answered, as far as the first that proved to be Tor's.
    pub controls: Vec<(TorAddr, ControlAnswer)>,
}

/// What answers at a SOCKS address.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SocksAnswer {
    /// Nothing, or there is no address to ask.
    Nothing,
    /// Something that answers HTTP as Tor does.
    Tor,
    /// Something else.
    NotTor,
    /// Whatever it is, another user could sit there: it is not asked.
    Unsafe(SocketFault),
}

/// What answers at a control port.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ControlAnswer {
    /// A Tor that proved to know the cookie, or lets everybody in.
    Proved {
        /// Its version, if it said so.
        version: Option<String>,
    },
    /// Something that must not or cannot be used.
    Refused(ControlRefusal),
    /// Another user could sit there: it is not asked.
    Unsafe(SocketFault),
}

impl SurveyedPlace {
    /// Whether anything is there at all.
    #[must_use]
    pub fn is_anything(&self) -> bool {
        self.answer != SocksAnswer::Nothing || !self.controls.is_empty()
    }

    /// Whether it would be used where the choice is free.
    #[must_use]
    pub fn is_proved(&self) -> bool {
        let proved = |answer: &ControlAnswer| matches!(answer, ControlAnswer::Proved { .. });
        self.controls.iter().any(|(_, answer)| proved(answer))
    }
}

/// Asks at all these places, a SOCKS address only where no control port proved anything: Tor logs
/// that question. Only this computer is asked; each answer takes a few seconds at the most.
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
            true => SocksAnswer::Tor,
            false => ask_socks(surveyed.socks.as_ref()).await,
        };
    }
    found
}

async fn ask_socks(address: Option<&TorAddr>) -> SocksAnswer {
    let Some(address) = address else {
        return SocksAnswer::Nothing;
    };
    match probe_socks(address).await {
        SocksProbe::Tor => SocksAnswer::Tor,
        SocksProbe::NotTor => SocksAnswer::NotTor,
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

/// The version of an installed `tor`, as it says itself; `None` if it does not within two seconds.
pub async fn installed_version(program: &Path) -> Option<String> {
    let line = first_line_of(program, "--version").await?;
    let version = line.strip_prefix("Tor version ")?;
    let version = version.split_whitespace().next()?.trim_end_matches('.');
    Some(plain_word(version, VERSION_CHARS_MAX))
}

/// Longest version shown.
const VERSION_CHARS_MAX: usize = 64;
