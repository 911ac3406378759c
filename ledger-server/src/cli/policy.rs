//! `policy`: the rules in force, and their change.

use super::{
    answer::{Answer, CommandError},
    exit,
    open::Common,
    quantity::{bytes, duration, parse_bytes, parse_duration, time},
};
use crate::{
    ledger::StartError,
    pages::{plain, price_of_a_lie},
};
use clap::{Subcommand, ValueEnum};
use meter_core::{ByteCount, DurationMs, EnrolmentRule, Policy as Rules, Signable as _};
use serde_json::json;

pub(super) const HELP: &str = "\
Examples:
  onionmeter-ledger policy                               the rules, and what a lie can earn
  onionmeter-ledger policy set --bytes-per-day 500MB     a new policy with the next number
  onionmeter-ledger policy set --enrolment by-invitation

A change holds for what is submitted after it, within two seconds at a server that runs. Every
policy is numbered and signed, and each receipt names the one that was applied.

Exit status: 0 done, 64 the values do not make a policy.";

#[derive(clap::Args)]
pub(super) struct Policy {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Show the rules in force (the same as without a word)
    Show,
    /// Put other rules in force; what is not named stays
    Set(Set),
}

#[derive(clap::Args)]
#[group(required = true, multiple = true)]
struct Set {
    /// Who may open an account
    #[arg(long, value_name = "RULE")]
    enrolment: Option<Enrolment>,
    /// Bytes that an account is credited for in a day: 2GB, 500MB
    #[arg(long, value_name = "BYTES", value_parser = parse_bytes, allow_hyphen_values = true)]
    bytes_per_day: Option<ByteCount>,
    /// For how long an unused allowance of bytes is kept: 1d
    #[arg(long, value_name = "TIME", value_parser = parse_duration, allow_hyphen_values = true)]
    byte_backlog: Option<DurationMs>,
    /// For how long unclaimed time can still be claimed: 7d
    #[arg(long, value_name = "TIME", value_parser = parse_duration, allow_hyphen_values = true)]
    time_backlog: Option<DurationMs>,
    /// The longest session that is credited whole: 2h
    #[arg(long, value_name = "TIME", value_parser = parse_duration, allow_hyphen_values = true)]
    session_cap: Option<DurationMs>,
    /// Most devices of an account
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    devices_per_account: Option<u32>,
    /// Most chains that a device may begin in a day
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    chains_per_day: Option<u32>,
    /// Most reports that a device may submit in a minute
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    reports_per_minute: Option<u32>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Enrolment {
    /// Everybody
    Open,
    /// Who has an invitation
    ByInvitation,
}

impl Policy {
    pub(super) fn run(self, common: &Common) -> Result<Answer, CommandError> {
        let ledger = common.ledger()?;
        match self.command {
            None | Some(Command::Show) => Ok(shown("policy", ledger.policy().value())),
            Some(Command::Set(set)) => {
                let present = *ledger.policy().value();
                let wanted = set.applied(present);
                // The format is the judge of what a policy can be.
                let formed = Rules::from_body(&wanted.to_body()).map_err(|error| error.to_string());
                let kept = formed.and_then(|_| is_kept(&wanted));
                kept.map_err(|why| CommandError::new(exit::USAGE, why))?;
                let changed = ledger.change_policy(|present| set.applied(present));
                let changed = changed.map_err(|error: StartError| CommandError::from(error))?;
                Ok(shown("changed", changed.value()))
            }
        }
    }
}

impl Set {
    fn applied(&self, present: Rules) -> Rules {
        let enrolment = self.enrolment.map(|rule| match rule {
            Enrolment::Open => EnrolmentRule::Open,
            Enrolment::ByInvitation => EnrolmentRule::ByInvitation,
        });
        Rules {
            enrolment: enrolment.unwrap_or(present.enrolment),
            bytes_per_day: self.bytes_per_day.unwrap_or(present.bytes_per_day),
            byte_backlog: self.byte_backlog.unwrap_or(present.byte_backlog),
            time_backlog: self.time_backlog.unwrap_or(present.time_backlog),
            session_cap: self.session_cap.unwrap_or(present.session_cap),
            devices_per_account: self
                .devices_per_account
                .unwrap_or(present.devices_per_account),
            chains_per_day: self.chains_per_day.unwrap_or(present.chains_per_day),
            reports_per_minute: self
                .reports_per_minute
                .unwrap_or(present.reports_per_minute),
            ..present
        }
    }
}

/// Refuses rules under which an account earns less than the price of a lie says that it does.
fn is_kept(rules: &Rules) -> Result<(), String> {
    let (backlog, cap) = (duration(rules.time_backlog), duration(rules.session_cap));
    if rules.session_cap == DurationMs::ZERO {
        Err("with --session-cap 0 no time would be credited; the default is 2h".to_owned())
    } else if rules.time_backlog < rules.session_cap {
        Err(format!(
            "no session of {cap} (--session-cap) could be credited whole with a --time-backlog of \
             {backlog}: the backlog is at least as long"
        ))
    } else if rules.byte_backlog == DurationMs::ZERO && rules.bytes_per_day != ByteCount::ZERO {
        Err(
            "with --byte-backlog 0 no byte would be credited; for that, say --bytes-per-day 0B, \
             and otherwise 1d"
                .to_owned(),
        )
    } else {
        Ok(())
    }
}

fn shown(state: &str, policy: &Rules) -> Answer {
    let price = price_of_a_lie(policy);
    let enrolment = match policy.enrolment {
        EnrolmentRule::Open => "open",
        EnrolmentRule::ByInvitation => "by-invitation",
    };
    let rows = [
        ("enrolment", enrolment.to_owned()),
        ("bytes-per-day", bytes(policy.bytes_per_day)),
        ("byte-backlog", duration(policy.byte_backlog)),
        ("time-backlog", duration(policy.time_backlog)),
        ("session-cap", duration(policy.session_cap)),
        (
            "devices-per-account",
            policy.devices_per_account.to_string(),
        ),
        ("chains-per-day", policy.chains_per_day.to_string()),
        ("reports-per-minute", policy.reports_per_minute.to_string()),
    ];
    let (number, since) = (policy.number.0, time(policy.effective_at));
    let mut text = format!("Policy {number}, in force since {since}\n\n");
    for (name, value) in &rows {
        text += &format!("  {name:<20} {value}\n");
    }
    text += &format!("\nThe price of a lie: {price}.\n");
    Answer::new(state, text)
        .with("number", number)
        .with("effective_ms", policy.effective_at.get().to_string())
        .with("tariff", policy.tariff.0)
        .with("enrolment", enrolment)
        .with("bytes_per_day", policy.bytes_per_day.get().to_string())
        .with("byte_backlog_ms", policy.byte_backlog.get().to_string())
        .with("time_backlog_ms", policy.time_backlog.get().to_string())
        .with("session_cap_ms", policy.session_cap.get().to_string())
        .with("devices_per_account", policy.devices_per_account)
        .with("chains_per_day", policy.chains_per_day)
        .with("reports_per_minute", policy.reports_per_minute)
        .with(
            "price_of_a_lie",
            json!({
                "most_per_day": plain(policy.most_per_day().total),
                "idle_per_day": plain(policy.idle_per_day()),
                "sentence": price,
            }),
        )
}
