//! The state of everything as text.

use crate::{cli::print, home::Home, port};
use meter_wire::{
    BadgeNumber, LedgerStatus, Problem, RelayStatus, Status, TorState, TorStatus,
    UNREACHED_WINDOW_MS, Unreached,
};

/// One word for programs and for log lines. Only "ready" means that everything works.
pub(in crate::cli) fn state(status: &Status) -> &'static str {
    match (&status.problem, &status.relay, &status.tor.state) {
        (Some(_), ..) => "problem",
        (None, RelayStatus::Failed(_), _) => "relay_failed",
        (None, RelayStatus::Stopped, _) => "relay_stopped",
        (None, RelayStatus::Listening { .. }, tor) => match tor {
            TorState::Ready if status.tor.is_usable() => "ready",
            TorState::Ready => "tor_trouble",
            TorState::Starting | TorState::Bootstrapping { .. } | TorState::Restarting { .. } => {
                "connecting"
            }
            TorState::Off => "tor_off",
            TorState::Stopping => "tor_stopping",
            TorState::Failed(_) => "tor_failed",
        },
    }
}

/// The same on one line.
pub(in crate::cli) fn line(status: &Status) -> String {
    let session = status.session.as_ref().map_or_else(
        || "no session open".to_owned(),
        |session| {
            let percent = session.progress_permille / 10;
            format!("session at {percent} %")
        },
    );
    format!(
        "{}: relay {}, Tor {}, {session}, {}",
        state(status),
        relay(&status.relay),
        tor(status),
        balance(status).unwrap_or_else(|| "balance not known".to_owned()),
    )
}

fn balance(status: &Status) -> Option<String> {
    if is_without_book(status) {
        return None;
    }
    let here = print::credits(status.balance);
    let reports = print::counted(status.reports.0, "report");
    if status.earlier.chains == 0 {
        return Some(format!("{here} credits in {reports}"));
    }
    let all = print::credits(status.claimed());
    let earlier = print::credits(status.earlier.amount);
    let here = format!("{here} in {reports} of this chain");
    Some(format!(
        "{all} credits: {here}, {earlier} in earlier chains"
    ))
}

/// What is claimed and what is credited, in the order of the setting `ledger.badge`.
fn credits(status: &Status) -> String {
    let unknown = || "not known while key or book cannot be used".to_owned();
    let claimed = format!("Balance  {}\n", balance(status).unwrap_or_else(unknown));
    match &status.ledger {
        None => claimed,
        Some(member) => match member.badge {
            BadgeNumber::Claimed => claimed + &ledger(member),
            BadgeNumber::Credited => ledger(member) + &claimed,
        },
    }
}

/// What the ledger has credited, and what waits.
fn ledger(ledger: &LedgerStatus) -> String {
    let mut line = format!("Ledger   {} credited", print::credits(ledger.credited));
    if ledger.waiting_reports.0 > 0 {
        line += &format!(", {} waiting", print::credits(ledger.waiting));
    }
    if ledger.sending.has_failed() {
        line += &format!(". {}", ledger.sending.sentence());
    }
    line + "\n"
}

/// Key or book cannot be opened, so that what they hold is not known.
const fn is_without_book(status: &Status) -> bool {
    status.chain.is_none() && status.problem.is_some()
}

pub(super) fn describe(status: &Status, home: &Home) -> String {
    let (relay, tor_in_use) = (open_relay(status, home), tor(status));
    let mut text = format!(
        "Relay    {relay}\nTor      {tor_in_use}\n{}",
        credits(status)
    );
    if let Some(restored) = &status.restored {
        text += &format!("Restored {}\n", restored.sentence(status.ledger.is_some()));
    }
    text += &match &status.session {
        None if is_without_book(status) => "Session  none: there is no book for it\n".to_owned(),
        None => "Session  none open; the first byte opens one\n".to_owned(),
        Some(session) => format!(
            "Session  {}, {} up, {} down, {}.{} % of the way to its report\n",
            print::duration(session.duration_ms.0),
            print::bytes(session.bytes_up.0),
            print::bytes(session.bytes_down.0),
            session.progress_permille / 10,
            session.progress_permille % 10,
        ),
    };
    text += &trouble(&status.tor);
    if let Some(problem) = &status.problem {
        text += &format!("Problem  {}\n", sentence(problem));
    }
    text + &unreached(&status.unreached) + &strangers(status)
}

fn trouble(tor: &TorStatus) -> String {
    let Some(trouble) = &tor.trouble else {
        return String::new();
    };
    let lasted = match trouble.for_s {
        0 => String::new(),
        for_s => format!(" For {} now.", print::duration(u64::from(for_s) * 1_000)),
    };
    let sentence = sentence(&trouble.problem);
    format!(
        "Trouble  {sentence}{lasted}\n         -> {}\n",
        trouble.action
    )
}

/// The latest kind with its remedy, and the other kinds on one line each.
fn unreached(kinds: &[Unreached]) -> String {
    let minutes = UNREACHED_WINDOW_MS / 60_000;
    let mut text = String::new();
    for (index, kind) in kinds.iter().enumerate() {
        if index == 0 {
            text += &format!("Failed   in the last {minutes} minutes, the latest kind first\n");
        }
        let (count, message) = (print::times(kind.count.0), &kind.message);
        text += &format!("         {count}: {message}\n");
        if index == 0 {
            text += &format!("         -> {}\n", kind.action);
        }
    }
    text
}

fn strangers(status: &Status) -> String {
    let mut text = String::new();
    if status.foreign.0 > 0 {
        let count = print::times(status.foreign.0);
        text += &format!("Refused  other users of this computer tried the relay {count}\n");
    }
    if status.unidentified.0 > 0 {
        let count = print::times(status.unidentified.0);
        text += &format!(
            "Notice   the owner of a connection was unknown {count}; `onionmeter doctor` says what \
                that means\n"
        );
    }
    if status.literals.0 > 0 {
        let count = print::times(status.literals.0);
        text += &format!(
            "Notice   an address was asked for instead of a name {count}; `onionmeter doctor` says \
                why that matters\n"
        );
    }
    text
}

/// The relay with the reason for its port and its number of connections: a browser opens only a
/// limited number.
fn open_relay(status: &Status, home: &Home) -> String {
    let text = relay(&status.relay);
    match &status.relay {
        RelayStatus::Listening { port } => {
            let open = print::counted(status.connections, "connection");
            match port::why(*port, home) {
                Some(why) => format!("{text}, {why}; {open} open"),
                None => format!("{text}, {open} open"),
            }
        }
        RelayStatus::Stopped | RelayStatus::Failed(_) => text,
    }
}

pub(super) fn relay(relay: &RelayStatus) -> String {
    match relay {
        RelayStatus::Stopped => "stopped".to_owned(),
        RelayStatus::Listening { port } => format!("127.0.0.1:{port}"),
        RelayStatus::Failed(problem) => sentence(problem),
    }
}

pub(in crate::cli) fn tor(status: &Status) -> String {
    let mut text = match &status.tor.state {
        TorState::Off => "off".to_owned(),
        TorState::Starting => "starting".to_owned(),
        TorState::Bootstrapping {
            percent,
            summary,
            warning,
            ..
        } => {
            let warning = warning
                .as_ref()
                .map(|warning| format!(" (Tor warns: {warning})"));
            format!(
                "connecting, {percent} %: {summary}{}",
                warning.unwrap_or_default()
            )
        }
        TorState::Ready => "ready".to_owned(),
        TorState::Restarting {
            attempt,
            in_ms,
            problem,
        } => format!(
            "starting again in {} (attempt {attempt}): {}",
            print::duration(*in_ms),
            sentence(problem)
        ),
        TorState::Stopping => "stopping".to_owned(),
        TorState::Failed(problem) => sentence(problem),
    };
    if let Some(version) = &status.tor.version {
        text += &format!(", version {version}");
    }
    if let Some(whose) = status.tor.whose() {
        text += &format!(", {whose}");
    }
    if let Some(why) = status.tor.why() {
        text += &format!(" ({why})");
    }
    text
}

pub(in crate::cli) fn sentence(problem: &Problem) -> String {
    match &problem.detail {
        Some(detail) => {
            let detail = detail.replace('\n', "\n           ");
            format!("{} ({detail})", problem.message)
        }
        None => problem.message.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use meter_wire::TorReply;

    #[test]
    fn what_failed_is_told_with_what_to_do_about_the_latest_kind() {
        assert_eq!(unreached(&[]), "");
        let kinds = [
            Unreached::new(TorReply::OnionMistyped, 2),
            Unreached::new(TorReply::HostUnreachable, 1),
        ];
        let expected = "\
Failed   in the last 10 minutes, the latest kind first
         twice: That onion address is mistyped.
         -> Copy it anew: 56 letters and digits stand before .onion, and none may differ.
         once: The site's name could not be found.
";
        assert_eq!(unreached(&kinds), expected);
    }
}
