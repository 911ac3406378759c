//! What to do about a Tor that does not run.

use meter_wire::{ErrorCode, Problem};

/// The next step, by what is wrong. The finding itself says it in detail.
pub(super) fn of(problem: &Problem) -> &'static str {
    // A program of the settings needs no installation.
    if problem
        .detail
        .as_ref()
        .is_some_and(|detail| detail.contains("tor.program"))
    {
        return "correct tor.program, or run `onionmeter config unset tor.program`";
    }
    match problem.code {
        ErrorCode::TorMissing => {
            "`sudo apt install tor`, `sudo dnf install tor` or `brew install tor`, then \
             `onionmeter tor start`"
        }
        ErrorCode::TorStartFailed | ErrorCode::TorCrashLoop => {
            "mend what Tor says there, then `onionmeter tor start`; `onionmeter config list` shows \
             the settings"
        }
        ErrorCode::TorFolderUnusable => {
            "repair its owner and mode as said, then `onionmeter tor start`"
        }
        ErrorCode::TorStateDamaged => {
            "put a copy of that file back, or run `onionmeter tor anew`, which chooses new guards"
        }
        ErrorCode::TorAlreadyRunning => {
            "end that tor (`pgrep -a tor` finds it), then `onionmeter tor start`"
        }
        ErrorCode::NotTor => {
            "end that program, or name Tor's own port: `onionmeter config set tor.socks_port PORT`"
        }
        ErrorCode::TorSilent => "continue it with `kill -CONT`, or restart that Tor",
        ErrorCode::TorSocketUnsafe | ErrorCode::TorControlRefused => {
            "mend that in its torrc and restart it, or let Onionmeter run a Tor: `onionmeter tor \
             use managed`"
        }
        ErrorCode::TorNotRunning => {
            "start that Tor, or let Onionmeter run one: `onionmeter tor use managed`"
        }
        ErrorCode::BridgeProgramMissing => "install that program, then `onionmeter tor start`",
        ErrorCode::ShadowsocksRefused => "mend that file, then `onionmeter tor start`",
        ErrorCode::ConfigInvalid => "change that in config.toml, then `onionmeter tor start`",
        ErrorCode::TooManyFiles => {
            "close programs or raise that limit, then `onionmeter tor start`"
        }
        _ => "`onionmeter tor start` tries it again",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_remedy_is_something_to_do() {
        let of_tor = |code: &&ErrorCode| format!("{code:?}").contains("Tor");
        for code in ErrorCode::ALL.iter().filter(of_tor) {
            let remedy = of(&Problem::new(*code));
            assert!(remedy.contains('`'), "{code:?}: {remedy}");
            assert_ne!(remedy, code.sentence());
        }
    }
}
