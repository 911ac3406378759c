//! The backends with one common interface: chosen anew for each run of Tor, used for one run.

use meter_core::Backend;
use tokio_util::sync::CancellationToken;

use crate::{
    TorConfig, TorProblem, embedded,
    existing::{Existing, Search},
    folders::find_program,
    managed,
    publisher::Publisher,
};

/// One backend, ready to run.
pub(crate) enum ChosenTor {
    Existing(Existing),
    Managed,
    Embedded,
}

impl ChosenTor {
    /// Chooses the backend.
    ///
    /// # Errors
    /// The reason why no backend can be used.
    pub(crate) async fn choose(config: &TorConfig) -> Result<Self, TorProblem> {
        let is_detour = config.detour.is_wanted();
        match config.backend {
            // Only a Tor that we configure can be kept on a detour. Another one would connect
            // directly.
            Some(Backend::Existing) if is_detour => Err(TorProblem::DetourNeedsOwnTor),
            None if is_detour => Self::ours(config),
            Some(Backend::Managed) => Ok(Self::Managed),
            Some(Backend::Embedded) => Ok(Self::Embedded),
            Some(Backend::Existing) => {
                let search = Search::configured(config);
                match search.controlled().await {
                    Ok(found) => Ok(Self::Existing(found)),
                    // If a control port is configured, the user wants it used, not skipped.
                    Err(misses) if config.existing.control.is_some() => Err(misses.into_problem()),
                    Err(misses) => Ok(Self::Existing(search.bare(misses).await?)),
                }
            }
            None => Self::choose_freely(config).await,
        }
    }

    async fn choose_freely(config: &TorConfig) -> Result<Self, TorProblem> {
        let search = Search::everywhere(config);
        let misses = match search.controlled().await {
            Ok(found) => return Ok(Self::Existing(found)),
            Err(misses) => misses,
        };
        match Self::ours(config) {
            Ok(ours) => Ok(ours),
            Err(problem) => match search.bare(misses).await {
                Ok(found) => Ok(Self::Existing(found)),
                // That no Tor runs is normal. The user should learn why none can be started.
                Err(_) => Err(problem),
            },
        }
    }

    /// Prefers the installed Tor, which is faster, to the one that is built in.
    fn ours(config: &TorConfig) -> Result<Self, TorProblem> {
        match find_program(&config.program) {
            Ok(_) => Ok(Self::Managed),
            Err(_) if config.embedded.is_some() => Ok(Self::Embedded),
            Err(problem) => Err(problem),
        }
    }

    /// Runs this Tor until it ends or `stop` is cancelled.
    ///
    /// # Errors
    /// The reason why it ended; `Ok` if `stop` was cancelled.
    pub(crate) async fn run(
        self,
        config: &TorConfig,
        publisher: &Publisher,
        stop: &CancellationToken,
    ) -> Result<(), TorProblem> {
        match self {
            Self::Existing(existing) => existing.run(config, publisher, stop).await,
            Self::Managed => managed::run(config, publisher, stop).await,
            Self::Embedded => embedded::run(config, publisher, stop).await,
        }
    }
}
