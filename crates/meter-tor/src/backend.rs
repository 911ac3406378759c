//! The ways of having a Tor, behind one door: chosen anew for every life, lived once.

use tokio_util::sync::CancellationToken;

use crate::{
    Choice, TorConfig, TorProblem, embedded,
    existing::{Existing, Search},
    folders::find_program,
    managed,
    publisher::Publisher,
};

/// One way of having a Tor, ready to be used.
pub(crate) enum Backend {
    Existing(Existing),
    Managed,
    Embedded,
}

impl Backend {
    /// Finds out which one it is to be.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) async fn choose(config: &TorConfig) -> Result<Self, TorProblem> {
        let is_detour = config.detour.is_wanted();
        match &config.choice {
            // Only a Tor that we configure can be kept on a detour; another would go straight.
            Choice::Existing { .. } if is_detour => Err(TorProblem::DetourNeedsOwnTor),
            Choice::Auto if is_detour => Self::ours(config),
            Choice::Managed => Ok(Self::Managed),
            Choice::Embedded => Ok(Self::Embedded),
            Choice::Existing { socks, control } => {
                let search = Search::configured(config, socks.as_ref(), control.as_ref());
                match search.controlled().await {
                    Ok(found) => Ok(Self::Existing(found)),
                    // Who names a control port wants it used, not passed over.
                    Err(misses) if control.is_some() => Err(misses.into_problem()),
                    Err(misses) => Ok(Self::Existing(search.bare(misses).await?)),
                }
            }
            Choice::Auto => Self::choose_freely(config).await,
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
                // That none runs is no surprise; that none can be started is what to mend.
                Err(_) => Err(problem),
            },
        }
    }

    /// The one that is installed, which is faster, or else the one that is built in.
    fn ours(config: &TorConfig) -> Result<Self, TorProblem> {
        match find_program(&config.program) {
            Ok(_) => Ok(Self::Managed),
            Err(_) if config.embedded.is_some() => Ok(Self::Embedded),
            Err(problem) => Err(problem),
        }
    }

    /// Has this Tor until it ends or `stop` is cancelled.
    ///
    /// # Errors
    /// Why it ended; `Ok` if it was asked to.
    pub(crate) async fn live(
        self,
        config: &TorConfig,
        publisher: &Publisher,
        stop: &CancellationToken,
    ) -> Result<(), TorProblem> {
        match self {
            Self::Existing(existing) => existing.live(config, publisher, stop).await,
            Self::Managed => managed::live(config, publisher, stop).await,
            Self::Embedded => embedded::live(config, publisher, stop).await,
        }
    }
}
