//! A Tor that another program started: found, checked, followed, never stopped.
//!
//! It is accepted as Tor only if its control port proves that it knows the cookie or, if no control
//! port can be used, if its SOCKS port answers HTTP as only Tor does. If a control port gives a
//! false proof, the SOCKS port beside it is not used either.

use std::sync::Arc;

use meter_core::{Backend, TorAddr};
use meter_owner::Listener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::{
    Candidate, ControlRefusal, TorConfig, TorProblem, TorState, TorWarning,
    bootstrap::{Whose, follow},
    control::{
        Authenticated, Command, Control, ControlError, CookieRule, authenticate, socks_listeners,
    },
    dial::{DialError, SocksProbe, dial_theirs, listens, probe_socks},
    publisher::Publisher,
    socket::{is_same, judge},
};

/// A running Tor that may be used.
pub(crate) enum Existing {
    /// Proved on its control port.
    Controlled {
        /// The authenticated connection.
        control: Box<Control>,
        /// What it reported about itself.
        about: Authenticated,
        /// The address of its SOCKS port.
        socks: TorAddr,
    },
    /// Identified only by its SOCKS port.
    Bare(Identified),
}

/// A SOCKS port that answered as only Tor does.
pub(crate) struct Identified {
    socks: TorAddr,
    /// The listener that answered, if the system tells.
    listener: Option<Arc<Listener>>,
}

/// What to look for.
pub(crate) struct Search {
    candidates: Vec<Candidate>,
    rule: CookieRule,
    /// The configured SOCKS address. The Tor must then have it.
    socks: Option<TorAddr>,
}

/// What a search over control ports found without success.
#[derive(Debug, Default)]
pub(crate) struct Misses {
    /// The first control port that answers but cannot be used, for a harmless reason.
    unusable: Option<TorProblem>,
    /// The problem of the first control port that must not be used.
    problem: Option<TorProblem>,
    /// SOCKS addresses that must not be used, although they may answer.
    distrusted: Vec<TorAddr>,
}

impl Search {
    /// Searches all candidates.
    pub(crate) fn everywhere(config: &TorConfig) -> Self {
        let rule = CookieRule::TorsOr(config.cookie_files.clone());
        Self {
            candidates: config.existing_candidates.clone(),
            rule,
            socks: None,
        }
    }

    /// Searches the configured addresses, completed by the candidates.
    pub(crate) fn configured(config: &TorConfig) -> Self {
        let Candidate { socks, control } = &config.existing;
        let mut search = Self {
            socks: socks.clone(),
            ..Self::everywhere(config)
        };
        match (socks, control) {
            (None, None) => {}
            (_, Some(_)) => search.candidates = vec![config.existing.clone()],
            (Some(socks), None) => {
                let is_named = |known: &TorAddr| is_same(known, socks);
                search
                    .candidates
                    .retain(|candidate| candidate.socks.as_ref().is_some_and(is_named));
                if search.candidates.is_empty() {
                    search.candidates.push(Candidate {
                        socks: Some(socks.clone()),
                        control: None,
                    });
                }
            }
        }
        search
    }

    /// Looks for a Tor that proves itself on its control port.
    pub(crate) async fn controlled(&self) -> Result<Existing, Misses> {
        let mut misses = Misses::default();
        for candidate in &self.candidates {
            let Some(address) = &candidate.control else {
                continue;
            };
            match self.attach(candidate, address).await {
                Ok(found) => return Ok(found),
                Err(problem) => misses.add(candidate, problem),
            }
        }
        Err(misses)
    }

    /// Looks for a Tor by its SOCKS port, unless the control port beside it was not trusted.
    pub(crate) async fn bare(&self, misses: Misses) -> Result<Existing, TorProblem> {
        let mut problem = misses.problem;
        let mut asked = misses.distrusted;
        for socks in self
            .candidates
            .iter()
            .filter_map(|candidate| candidate.socks.as_ref())
        {
            if asked.contains(socks) {
                continue;
            }
            asked.push(socks.clone());
            match identify(socks).await {
                Ok(found) => return Ok(Existing::Bare(found)),
                Err(TorProblem::NotRunning) => {}
                Err(TorProblem::NotLoopback) => problem = Some(TorProblem::NotLoopback),
                Err(other) => problem = problem.or(Some(other)),
            }
        }
        Err(problem.unwrap_or(TorProblem::NotRunning))
    }

    async fn attach(
        &self,
        candidate: &Candidate,
        address: &TorAddr,
    ) -> Result<Existing, TorProblem> {
        let io = dial_theirs(address).await.map_err(|error| match error {
            DialError::NotLoopback => TorProblem::NotLoopback,
            DialError::Unsafe(fault) => TorProblem::SocketUnsafe(fault),
            // A socket that we may not open may also be a leftover of a Tor that ended.
            DialError::Denied | DialError::Nothing => TorProblem::NotRunning,
        })?;
        let mut control = Control::new(io);
        let about = authenticate(&mut control, &self.rule).await?;
        let reply = control.demand(Command::GetSocksListeners).await?;
        let listeners =
            socks_listeners(&reply).ok_or(TorProblem::ControlRefused(ControlRefusal::Malformed))?;
        let socks = self.pick(candidate, listeners).await?;
        Ok(Existing::Controlled {
            control: Box::new(control),
            about,
            socks,
        })
    }

    /// Returns the configured address if this Tor has it. Else a Unix socket that accepts us, since
    /// no other user can listen there; else the candidate's port, or the first port of this Tor.
    async fn pick(
        &self,
        candidate: &Candidate,
        listeners: Vec<TorAddr>,
    ) -> Result<TorAddr, TorProblem> {
        let has = |wanted: &TorAddr| listeners.iter().any(|listener| is_same(listener, wanted));
        if let Some(wanted) = &self.socks {
            let found = has(wanted).then_some(wanted);
            let found = found.ok_or(TorProblem::NoSocksPort)?;
            if let TorAddr::Unix(path) = found {
                judge(path).map_err(TorProblem::SocketUnsafe)?;
            }
            return Ok(found.clone());
        }
        let mut problem = TorProblem::NoSocksPort;
        for socket in listeners.iter().filter(|listener| !is_port(listener)) {
            match listens(socket).await {
                Ok(()) => return Ok(socket.clone()),
                Err(DialError::Unsafe(fault)) => problem = TorProblem::SocketUnsafe(fault),
                Err(DialError::NotLoopback | DialError::Denied | DialError::Nothing) => {}
            }
        }
        let wanted = candidate.socks.clone();
        let wanted = wanted.filter(|wanted| is_port(wanted) && has(wanted));
        wanted
            .or_else(|| listeners.into_iter().find(is_port))
            .ok_or(problem)
    }
}

/// Asks the SOCKS port who it is. The listener is looked up before, and must be the same
/// afterwards: then it is the one that answered.
async fn identify(socks: &TorAddr) -> Result<Identified, TorProblem> {
    let listener = listener_at(socks);
    match probe_socks(socks).await {
        SocksProbe::Tor => {}
        SocksProbe::Nothing => return Err(TorProblem::NotRunning),
        SocksProbe::Silent => return Err(TorProblem::Silent),
        SocksProbe::NotTor => return Err(TorProblem::NotTor),
        SocksProbe::NotLoopback => return Err(TorProblem::NotLoopback),
        SocksProbe::Unsafe(fault) => return Err(TorProblem::SocketUnsafe(fault)),
    }
    if listener
        .as_ref()
        .is_some_and(|listener| !listener.is_there())
    {
        return Err(TorProblem::NotRunning);
    }
    Ok(Identified {
        socks: socks.clone(),
        listener,
    })
}

fn listener_at(socks: &TorAddr) -> Option<Arc<Listener>> {
    match socks {
        TorAddr::Tcp(address) => Listener::at(*address).map(Arc::new),
        // Its folder lets only its owner put another one there.
        TorAddr::Unix(_) => None,
    }
}

const fn is_port(listener: &TorAddr) -> bool {
    matches!(listener, TorAddr::Tcp(_))
}

impl Misses {
    /// The result of a search when a control port was configured.
    pub(crate) fn into_problem(self) -> TorProblem {
        self.problem
            .or(self.unusable)
            .unwrap_or(TorProblem::NotRunning)
    }

    fn add(&mut self, candidate: &Candidate, problem: TorProblem) {
        if problem == TorProblem::NotRunning {
            return;
        }
        let is_harmless = matches!(
            problem,
            // This control port was not even asked, so it says nothing against the SOCKS port
            // beside it.
            TorProblem::SocketUnsafe(_)
                | TorProblem::ControlRefused(
                    // Another program uses the control port, or it belongs to another user
                    // (Debian's).
                    ControlRefusal::NotControlPort
                        | ControlRefusal::Silent
                        | ControlRefusal::NoAccess
                        | ControlRefusal::NoSafeMethod
                        | ControlRefusal::Rejected
                )
        );
        if is_harmless {
            tracing::debug!(%problem, "a control port cannot be used");
            self.unusable.get_or_insert(problem);
            return;
        }
        tracing::warn!(%problem, "a control port is not trusted");
        self.distrusted.extend(candidate.socks.clone());
        self.problem.get_or_insert(problem);
    }
}

impl Existing {
    /// Follows this Tor until it ends.
    ///
    /// # Errors
    /// The reason why it can no longer be used; `Ok` if `stop` was cancelled.
    pub(crate) async fn run(
        self,
        config: &TorConfig,
        publisher: &Publisher,
        stop: &CancellationToken,
    ) -> Result<(), TorProblem> {
        let gone = async {
            match self {
                Self::Controlled {
                    control,
                    about,
                    socks,
                } => {
                    let listener = listener_at(&socks);
                    publisher.known_by(listener.clone());
                    let follow = follow_controlled(*control, &about, socks, publisher);
                    tokio::select! {
                        error = follow => error.into(),
                        () = replaced(listener.as_deref(), config) => TorProblem::ControlLost,
                    }
                }
                Self::Bare(found) => watch_bare(found, config, publisher).await,
            }
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => Ok(()),
            problem = gone => Err(problem),
        }
    }
}

async fn follow_controlled(
    mut control: Control,
    about: &Authenticated,
    socks: TorAddr,
    publisher: &Publisher,
) -> ControlError {
    publisher.found(Backend::Existing, about.version.as_deref(), socks);
    if about.open_to_all {
        tracing::warn!("tor's control port is open to every program on this computer");
        publisher.warn(TorWarning::ControlOpenToAll);
    }
    if let Err(error) = control.demand(Command::SubscribeStatus).await {
        return error;
    }
    follow(&mut control, publisher, Whose::Theirs).await
}

/// Waits until another listener has this Tor's SOCKS address, or none.
async fn replaced(listener: Option<&Listener>, config: &TorConfig) {
    let Some(listener) = listener else {
        return std::future::pending().await;
    };
    while listener.is_there() {
        time_to_check(config).await;
    }
}

/// If another program listens there, it is asked what it is before anything else goes through it.
async fn watch_bare(
    mut found: Identified,
    config: &TorConfig,
    publisher: &Publisher,
) -> TorProblem {
    loop {
        publisher.known_by(found.listener.clone());
        publisher.found(Backend::Existing, None, found.socks.clone());
        publisher.warn(TorWarning::WithoutControl);
        publisher.progress(TorState::Ready);
        match found.listener.as_deref() {
            Some(listener) => replaced(Some(listener), config).await,
            // The system does not tell one listener from the next.
            None => loop {
                time_to_check(config).await;
                if listens(&found.socks).await.is_err() {
                    return TorProblem::NotRunning;
                }
            },
        }
        publisher.progress(TorState::Starting);
        tracing::info!("another program listens at the SOCKS address; it is asked who it is");
        found = match identify(&found.socks).await {
            Ok(again) => again,
            Err(problem) => return problem,
        };
    }
}

async fn time_to_check(config: &TorConfig) {
    // The result of the wait does not matter: in both cases it is time to check.
    drop(timeout(config.watch_every, config.watch_now.notified()).await);
}
