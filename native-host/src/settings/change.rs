//! Changes one setting of `config.toml`: the one way for the command line and for clients.

use crate::{
    config::{self, Config, ConfigError, Kept, Refusal, keys, plain},
    files,
    home::{Home, SHADOWSOCKS_SERVER},
    lock, problems,
};
use meter_tor::Detour;
use meter_wire::{ChangeSetting, ErrorCode, Problem, SettingValue};
use std::{fs::File, time::Duration};
use toml_edit::Value;

/// The settings that are changed by a command only. A page of the extension or of `onionmeter
/// serve` that was taken over could with them start a program, move Tor into another network, or
/// have the traffic of other users signed as this person's.
pub(crate) const BY_COMMAND: [&str; 4] = [
    "relay.serve_unidentified",
    "tor.program",
    "tor.extra_torrc",
    "tor.arti",
];

/// How long a change waits for another program, which has the lock for the time of one write.
const PATIENCE: Duration = Duration::from_secs(1);

/// What was changed, or could be.
pub(crate) struct Changed {
    /// All settings of the file with the change.
    pub(crate) config: Config,
    /// The value in the file; `None` for the default.
    pub(crate) value: Option<Value>,
}

/// The reason why a setting was not changed. Nothing was written then.
#[derive(Debug)]
pub(crate) enum ChangeError {
    /// It cannot have that value.
    Refused(Refusal),
    /// The file had a mistake before.
    Broken(ConfigError),
    /// The file, or the one of the server, cannot be written.
    Unwritable(String),
    /// Another program changes settings, and does not end. Which one.
    Busy(String),
}

impl ChangeError {
    /// The same for a client.
    pub(crate) fn problem(&self) -> Problem {
        match self {
            Self::Refused(refusal) => Problem {
                cause: refusal.cause().map(str::to_owned),
                ..Problem::with_detail(ErrorCode::SettingRefused, refusal.to_string())
            },
            Self::Broken(error) => problems::config(error),
            Self::Unwritable(why) => Problem::with_detail(ErrorCode::SettingsUnwritable, why),
            Self::Busy(who) => Problem::with_detail(ErrorCode::SettingsBusy, who),
        }
    }
}

/// Changes one setting of the file, or only checks its value.
///
/// # Errors
/// The reason why it was not changed.
pub(crate) fn change(home: &Home, asked: &ChangeSetting) -> Result<Changed, ChangeError> {
    let key = asked.key.as_str();
    if !keys::NAMES.contains(&key) {
        let why = "there is no setting with that name in this version";
        return Err(ChangeError::Refused(why.to_owned().into()));
    }
    let value = value(asked)?;
    let _lock = asked.keep.then(|| lock(home)).transpose()?;
    let path = home.config();
    // If the file had a mistake before, this value is not the cause.
    Config::load(&path).map_err(ChangeError::Broken)?;
    let apply = |kept| match &value {
        Some(value) => config::set(&path, key, value, kept),
        None => config::unset(&path, key, kept),
    };
    let refused = |error| refused(key, value.as_ref(), error);
    let mut config = apply(Kept::Checked).map_err(refused)?;
    if asked.keep {
        if let SettingValue::Server(server) = &asked.to {
            keep_server(home, server)?;
        }
        config = apply(Kept::Written).map_err(refused)?;
    }
    Ok(Changed { config, value })
}

/// The value for the file.
fn value(asked: &ChangeSetting) -> Result<Option<Value>, ChangeError> {
    let key = asked.key.as_str();
    match &asked.to {
        SettingValue::Default => Ok(None),
        SettingValue::Words(words) => {
            // Bridges are cleaned where they are read.
            let is_clean = key == "tor.bridges" || !words.iter().any(|word| deceives(word));
            if !is_clean {
                let why = "a control character, or one that turns the direction of writing";
                let cause = "character_hidden".to_owned();
                let refusal = Refusal::caused_by(format!("{key} has {why}"), cause);
                return Err(ChangeError::Refused(refusal));
            }
            let value = config::typed(key, words);
            value.map(Some).map_err(ChangeError::Refused)
        }
        SettingValue::Server(_) if key != "tor.shadowsocks" => {
            Err(ChangeError::Refused(format!("{key} is no server").into()))
        }
        SettingValue::Server(server) => match Detour::check_server(server) {
            Ok(()) => Ok(Some(SHADOWSOCKS_SERVER.into())),
            Err(fault) => Err(ChangeError::Refused(Refusal::caused_by(
                format!("this Shadowsocks server cannot be used: {fault}"),
                fault.cause(),
            ))),
        },
    }
}

/// Whether a person who reads the file would read something else than the program.
fn deceives(word: &str) -> bool {
    word.chars().any(|letter| {
        (letter.is_control() && letter != '\t')
            || matches!(letter, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    })
}

fn refused(key: &str, value: Option<&Value>, error: ConfigError) -> ChangeError {
    match error {
        ConfigError::Write(..) => ChangeError::Unwritable(problems::chain(&error)),
        ConfigError::Value {
            key: found_key,
            limit,
            value: found,
            cause,
            ..
        } => {
            // A value that may hold secrets is shown as the parser shows it.
            let is_secret = matches!(key, "tor.shadowsocks" | "tor.bridges");
            let given = value.map(plain).filter(|_| !is_secret && found_key == key);
            let shown = given.as_deref().map_or(&*found, str::trim);
            let shown = config::shown(shown);
            let sentence = format!("{found_key} is {shown}; it must be {limit}");
            ChangeError::Refused(Refusal::caused_by(sentence, cause))
        }
        ConfigError::Bridge { reason, .. } => {
            let sentence = problems::chain(&error);
            ChangeError::Refused(Refusal::caused_by(sentence, reason.cause()))
        }
        other => ChangeError::Refused(problems::chain(&other).into()),
    }
}

fn keep_server(home: &Home, server: &str) -> Result<(), ChangeError> {
    let path = home.shadowsocks_server();
    let text = format!("{}\n", server.trim());
    files::replace(&path, text.as_bytes(), 0o600).map_err(|error| {
        ChangeError::Unwritable(format!("{} cannot be written: {error}", path.display()))
    })
}

/// Waits until no other program changes settings.
///
/// # Errors
/// [`ChangeError::Busy`], or the lock cannot be made.
pub(super) fn lock(home: &Home) -> Result<File, ChangeError> {
    let path = home.settings_lock();
    let file = lock::in_turn(&path, PATIENCE).map_err(|error| {
        ChangeError::Unwritable(format!("{} cannot be locked: {error}", path.display()))
    })?;
    file.ok_or_else(|| ChangeError::Busy(lock::held_by(&path)))
}
