//! Changes of `config.toml` that a client asks for.

use super::detached::Answer;
use crate::{
    config::keys::Effect,
    engine::{Command, EngineHandle},
    settings::BY_COMMAND,
    tor_supervisor,
};
use meter_wire::{
    ChangeSetting, ErrorCode, Problem, SettingChanged, SettingValue, Success, TakesEffect,
};
use tokio::task::spawn_blocking;
use tracing::info;

/// Changes one setting, or only checks its value, and tells when it takes effect.
pub(super) async fn change(engine: EngineHandle, asked: ChangeSetting) -> Answer {
    if let Some(key) = BY_COMMAND.iter().find(|key| **key == asked.key) {
        let how = format!("run `onionmeter config set {key} …`");
        return Err(Problem::with_detail(ErrorCode::SettingByCommand, how));
    }
    let (key, kept) = (asked.key.clone(), asked.keep);
    let settings = engine.settings().clone();
    // It waits for the disk, and the relay's counters must not.
    let changed = spawn_blocking(move || {
        let file = settings.change(&asked)?;
        // A server that was only checked is in no file yet, and was read as such.
        let is_there = asked.keep || !matches!(asked.to, SettingValue::Server(_));
        let unusable = is_there
            .then(|| tor_supervisor::unusable(&asked.key, &file, settings.home()))
            .flatten();
        Ok((file, unusable))
    });
    let changed = changed.await;
    let (file, unusable) = changed.map_err(|_| Problem::new(ErrorCode::Internal))??;
    if kept {
        // Only a name from our own list comes this far.
        info!(key, "a setting was changed");
    }
    let beside = |answer| Command::CompareSettings(Box::new(file), answer);
    let mut all = engine.ask(beside).await?.settings.into_iter();
    let setting = all.find(|setting| setting.key == key);
    let setting = setting.ok_or_else(|| Problem::new(ErrorCode::Internal))?;
    let takes_effect = match setting.differs {
        true => Effect::of(&key).wire(),
        false => TakesEffect::Now,
    };
    Ok(Success::SettingChanged(SettingChanged {
        setting,
        kept,
        takes_effect,
        unusable,
    }))
}
