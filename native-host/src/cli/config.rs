//! `config path|get|set|unset|check`.

mod unusable;

use super::{
    ask::{self, Patience},
    exit, exit_codes, given_path,
    outcome::{CommandError, Outcome},
    output::{Answer, Format},
    settings,
};
use crate::{
    EXIT_USAGE,
    config::{
        self, ConfigError,
        keys::{self, Effect, Keys},
        plain, read,
    },
    home::Home,
    ipc, port, problems,
    settings::{ChangeError, Changed, change},
};
use clap::{Args, Subcommand, builder::PossibleValuesParser};
use meter_wire::{ChangeSetting, SettingValue};
use serde_json::{Value as Json, json};
use std::{path::PathBuf, time::Duration};
use toml_edit::Value;

/// How long a daemon may take to tell what it has in force.
const DAEMON_MAX: Duration = Duration::from_secs(5);

#[derive(Args)]
#[command(after_help = exit_codes::GROUP_HELP)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

const GET_HELP: &str = "\
Examples:
  onionmeter config get
  onionmeter config get relay.port

Texts are printed without quotes, lists one line each. This is what the file says, and the port that
the relay chose where it says none; `onionmeter doctor` tells what a running daemon does not \
follow yet.

Exit status: 0 done, 64 an unknown setting, 78 the file has a mistake.";

const SET_HELP: &str = "\
Examples:
  onionmeter config set relay.port 9200
  onionmeter config set session.min_bytes 1MB
  onionmeter config set session.max_duration_ms 30min
  onionmeter config set tor.bridges 'obfs4 192.0.2.7:443 ...' 'obfs4 192.0.2.8:443 ...'
  onionmeter config set tor.bridges ''            none

Comments and everything else in the file stay as they are. A value that the file could not have is
refused with its limit, and nothing is written. It is said what has to start anew, if anything, and
whether a file, socket or program that the value names is not there yet or cannot be used as it is.

Exit status: 0 done, 64 a value outside its limits or an unknown setting, 73 the file cannot be
written, 78 the file has a mistake already.";

const UNSET_HELP: &str = "\
Examples:
  onionmeter config unset relay.port
  onionmeter config unset tor.bridges

The line of the setting is removed, and its default applies; comments stay. It is said what has to
start anew.

Exit status: 0 done (also where the file did not name it), 64 an unknown setting, 73 the file cannot
be written, 78 the file has a mistake already.";

const CHECK_HELP: &str = "\
Examples:
  onionmeter config check
  onionmeter config check new.toml && cp new.toml \"$(onionmeter config path)\"

A file, socket or program that it names and that is not there is told, and is no mistake.

Exit status: 0 in order (also where there is none), 66 the named file is not there, 78 a mistake.";

#[derive(Subcommand)]
enum Action {
    /// Print where the file is, or would be
    #[command(after_help = "Exit status: 0, whether or not the file is there.")]
    Path,
    /// Print what the file says, defaults included
    #[command(after_help = GET_HELP)]
    Get {
        /// One setting, such as relay.port; all of them where none is named
        #[arg(value_parser = PossibleValuesParser::new(keys::NAMES), hide_possible_values = true)]
        key: Option<String>,
    },
    /// Change one setting
    #[command(after_help = SET_HELP)]
    Set {
        /// The setting, such as relay.port; `onionmeter config get` lists them
        #[arg(value_parser = PossibleValuesParser::new(keys::NAMES), hide_possible_values = true)]
        key: String,
        /// Its value; for lists one or more
        #[arg(required = true, allow_hyphen_values = true)]
        value: Vec<String>,
    },
    /// Give one setting its default again
    #[command(after_help = UNSET_HELP)]
    Unset {
        /// The setting, such as relay.port; `onionmeter config get` lists them
        #[arg(value_parser = PossibleValuesParser::new(keys::NAMES), hide_possible_values = true)]
        key: String,
    },
    /// Say whether the file is in order, and the line of the first mistake
    #[command(after_help = CHECK_HELP)]
    Check {
        /// Another file
        #[arg(value_parser = given_path::parser())]
        file: Option<PathBuf>,
    },
}

pub(super) fn run(arguments: &Arguments, home: &Home, format: Format) -> Outcome {
    match &arguments.action {
        Action::Path => path(home, format),
        Action::Get { key } => get(key.as_deref(), home, format),
        Action::Set { key, value } => set(key, value, home, format),
        Action::Unset { key } => unset(key, home, format),
        Action::Check { file } => check(file.as_ref(), home, format),
    }
}

fn path(home: &Home, format: Format) -> Outcome {
    let path = home.config();
    let is_there = std::fs::symlink_metadata(&path).is_ok();
    let state = if is_there { "present" } else { "absent" };
    let shown = path.display().to_string();
    Answer::new(state, shown.clone())
        .with("path", shown)
        .print(format)
}

fn get(key: Option<&str>, home: &Home, format: Format) -> Outcome {
    let path = home.config();
    let text = read(&path).map_err(|error| broken(&error))?;
    let file =
        Keys::of(text.as_deref().unwrap_or_default(), &path).map_err(|error| broken(&error))?;
    let defaults = Keys::defaults();
    let names = key.map_or_else(|| defaults.names(), |key| vec![key.to_owned()]);
    let state = if text.is_some() { "present" } else { "absent" };
    let (mut lines, mut settings) = (String::new(), serde_json::Map::new());
    for name in names {
        let Some((value, source)) = value(&name, &file, &defaults, home) else {
            continue;
        };
        let shown = value.to_string();
        lines += &match (key, source.words()) {
            (Some(_), _) => plain(&value),
            (None, None) => format!("{name} = {}\n", shown.trim()),
            (None, Some(words)) => format!("{name} = {}  # {words}\n", shown.trim()),
        };
        let source = source.name();
        settings.insert(name, json!({"value": json_of(&value), "source": source}));
    }
    Answer::new(state, lines)
        .with("path", path.to_string_lossy())
        .with("settings", settings)
        .print(format)
}

/// The origin of a value.
enum Source {
    File,
    Default,
    /// The relay chose it instead of the default, for this reason.
    Chosen(String),
}

impl Source {
    const fn name(&self) -> &'static str {
        match self {
            Self::File => "config.toml",
            Self::Default => "default",
            Self::Chosen(_) => "chosen",
        }
    }

    fn words(&self) -> Option<String> {
        match self {
            Self::File => None,
            Self::Default => Some("default".to_owned()),
            Self::Chosen(why) => Some(format!("chosen, {why}")),
        }
    }
}

fn value(name: &str, file: &Keys, defaults: &Keys, home: &Home) -> Option<(Value, Source)> {
    if let Some(value) = file.value(name) {
        return Some((value, Source::File));
    }
    if name == "relay.port"
        && let Some((port, why)) = port::chosen(home)
    {
        return Some((i64::from(port).into(), Source::Chosen(why)));
    }
    Some((defaults.value(name)?, Source::Default))
}

fn json_of(value: &Value) -> Json {
    match value {
        Value::String(text) => json!(text.value()),
        Value::Integer(number) => json!(number.value()),
        Value::Boolean(switch) => json!(switch.value()),
        Value::Array(lines) => lines.iter().map(json_of).collect(),
        Value::InlineTable(table) => {
            let members = table
                .iter()
                .map(|(key, value)| (key.to_owned(), json_of(value)));
            Json::Object(members.collect())
        }
        Value::Float(_) | Value::Datetime(_) => json!(value.to_string().trim()),
    }
}

fn set(key: &str, words: &[String], home: &Home, format: Format) -> Outcome {
    let Changed { config, value } = changed(key, SettingValue::Words(words.to_vec()), home)?;
    let shown = value.as_ref().map(ToString::to_string).unwrap_or_default();
    let note = unusable::note(key, &config, home).or_else(|| unusable::bare(key, &config));
    let notes: Vec<_> = note.into_iter().collect();
    let effect = effect(key, home);
    let text = format!(
        "{key} = {}\nin {}. {}{}",
        shown.trim(),
        home.config().display(),
        effect.sentence(),
        unusable::lines(&notes)
    );
    let value = value.as_ref().map(json_of);
    kept("kept", text, key, effect, home)
        .with("value", value)
        .with("notes", notes)
        .print(format)
}

fn unset(key: &str, home: &Home, format: Format) -> Outcome {
    changed(key, SettingValue::Default, home)?;
    let effect = effect(key, home);
    let text = format!(
        "{key} has its default again; {} does not name it. {}",
        home.config().display(),
        effect.sentence()
    );
    kept("unset", text, key, effect, home).print(format)
}

fn kept(state: &'static str, text: String, key: &str, effect: Effect, home: &Home) -> Answer {
    Answer::new(state, text)
        .with("path", home.config().to_string_lossy())
        .with("key", key)
        .with("takes_effect", effect.wire().name())
}

/// What has to start anew for a change: nothing if a running daemon has the value in force. The
/// question also makes that daemon read the file, so that it follows what needs no start. The
/// change is kept, whatever becomes of the question.
fn effect(key: &str, home: &Home) -> Effect {
    let in_force = Patience::default().at_most(DAEMON_MAX).wait(async {
        match ipc::Connection::attach(home).await? {
            Some(mut daemon) => Ok(ask::settings(&mut daemon).await),
            None => Ok(None),
        }
    });
    match in_force {
        Ok(Some(settings)) if settings.follows(key) => Effect::Nothing,
        Ok(_) | Err(_) => Effect::of(key),
    }
}

/// Changes the file as the daemon does for a client.
fn changed(key: &str, to: SettingValue, home: &Home) -> Result<Changed, CommandError> {
    home.prepare()
        .map_err(|error| CommandError::Problem(problems::home(&error)))?;
    let key = key.to_owned();
    let asked = ChangeSetting {
        key,
        to,
        keep: true,
    };
    change(home, &asked).map_err(|error| match error {
        ChangeError::Refused(why) => {
            CommandError::Exit(EXIT_USAGE, format!("{why}. Nothing was changed."))
        }
        ChangeError::Broken(error) => broken(&error),
        ChangeError::Unwritable(why) => CommandError::Exit(exit::CANNOT_WRITE, why),
        busy @ ChangeError::Busy(_) => busy.problem().into(),
    })
}

fn check(file: Option<&PathBuf>, home: &Home, format: Format) -> Outcome {
    let path = file.cloned().unwrap_or_else(|| home.config());
    let text = read(&path).map_err(|error| broken(&error))?;
    let shown = path.display();
    let Some(text) = text else {
        if file.is_some() {
            return Err(CommandError::Exit(
                exit::NO_INPUT,
                format!("{shown} is not there"),
            ));
        }
        let text = format!("There is no {shown}; the defaults apply.");
        return Answer::new("absent", text)
            .with("path", path.to_string_lossy())
            .print(format);
    };
    let config = config::parse(&text, &path).map_err(|error| broken(&error))?;
    let notes = unusable::notes(&config, home);
    let text = format!("{shown} is in order.{}", unusable::lines(&notes));
    Answer::new("sound", text)
        .with("path", path.to_string_lossy())
        .with("notes", notes)
        .print(format)
}

fn broken(error: &ConfigError) -> CommandError {
    if let Some(problem) = problems::too_many_files(error) {
        return CommandError::Problem(problem);
    }
    let path = match error {
        ConfigError::Read(path, _) | ConfigError::Write(path, _) => path,
        ConfigError::Syntax { path, .. }
        | ConfigError::Value { path, .. }
        | ConfigError::Bridge { path, .. } => path,
    };
    let message = format!(
        "{}\n  -> {}",
        problems::chain(error),
        settings::remedy(error, path)
    );
    CommandError::Exit(exit::CONFIG, message)
}
