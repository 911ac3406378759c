//! Which port the relay takes where `config.toml` names none: the usual one, or, where another user's relay or
//! another program has that, a free one that stays the same from then on. Browsers are told it by the host; one
//! that was told another before sends nothing past Tor: whoever holds that port now, the proxy setting has no
//! second choice, and a relay of another user closes the connections of this one.

use crate::{
    config::{Config, USUAL_PORT},
    files,
    home::Home,
};
use std::{fs, path::PathBuf};

/// Tried when the usual one is taken: below the ports that systems give to clients, and none that is known for
/// something (IANA's list; Tor's own are elsewhere).
const SPARE_PORTS: std::ops::Range<u16> = 19_149..19_249;

/// Named or chosen, and where a choice is kept.
#[derive(Clone, Debug)]
pub(crate) struct PortChoice {
    named: Option<u16>,
    kept: PathBuf,
}

impl PortChoice {
    pub(crate) fn new(config: &Config, home: &Home) -> Self {
        Self {
            named: config.relay_port_is_named.then_some(config.relay_port),
            kept: home.relay_port(),
        }
    }

    /// The ports to try, in this order. A named one is never replaced.
    pub(crate) fn candidates(&self) -> Vec<u16> {
        if let Some(port) = self.named {
            return vec![port];
        }
        let mut ports = Vec::from([self.first()]);
        // Two users begin at different places, so that each mostly keeps the first that is tried.
        let count = SPARE_PORTS.len();
        let offset =
            usize::try_from(rustix::process::getuid().as_raw()).unwrap_or_default() % count;
        let spare = SPARE_PORTS.cycle().skip(offset).take(count);
        let others = std::iter::once(USUAL_PORT).chain(spare);
        ports.extend(others.filter(|port| *port != self.first()));
        ports
    }

    /// The port that is tried first, which is the one of the last start.
    pub(crate) fn first(&self) -> u16 {
        self.named
            .or_else(|| self.remembered())
            .unwrap_or(USUAL_PORT)
    }

    /// Keeps a port that was chosen. A disk that is full is no reason to have no relay: the next start may then
    /// choose another port.
    pub(crate) fn keep(&self, port: u16) {
        if self.named.is_none() && port != self.first() {
            let text = format!("{port}\n");
            crate::ignore_because(
                "chosen anew at the next start",
                files::replace(&self.kept, text.as_bytes(), 0o600),
            );
        }
    }

    fn remembered(&self) -> Option<u16> {
        let port = fs::read_to_string(&self.kept).ok()?.trim().parse().ok()?;
        (port == USUAL_PORT || SPARE_PORTS.contains(&port)).then_some(port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(config: &str, kept: Option<&str>) -> (tempfile::TempDir, PortChoice) {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::at(folder.path().to_path_buf());
        if let Some(text) = kept {
            fs::write(home.relay_port(), text).expect("written");
        }
        let config = crate::config::parse(config, &home.config()).expect("in order");
        let choice = PortChoice::new(&config, &home);
        (folder, choice)
    }

    #[test]
    fn a_named_port_is_the_only_one_even_when_it_is_the_usual_one() {
        for port in [9149, 9200] {
            let (_folder, choice) = choice(&format!("[relay]\nport = {port}\n"), Some("19150"));
            assert_eq!(choice.candidates(), [port]);
            choice.keep(19_151);
            assert_eq!(choice.candidates(), [port]);
        }
    }

    #[test]
    fn the_usual_port_comes_first_and_every_spare_one_once() {
        let (_folder, choice) = choice("", None);
        let ports = choice.candidates();
        assert_eq!(ports[0], USUAL_PORT);
        let mut sorted = ports.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!((ports.len(), sorted.len()), (101, 101));
        assert!(
            ports
                .iter()
                .all(|port| ![9050, 9051, 9150, 9151].contains(port))
        );
    }

    #[test]
    fn a_chosen_port_is_kept_and_tried_first_the_next_time() {
        let (folder, choice) = choice("", None);
        choice.keep(USUAL_PORT);
        assert!(
            !folder.path().join("relay-port").is_file(),
            "nothing was chosen"
        );
        choice.keep(19_200);
        assert_eq!(choice.first(), 19_200);
        let ports = choice.candidates();
        assert_eq!((ports[0], ports[1]), (19_200, USUAL_PORT));
        choice.keep(USUAL_PORT);
        assert_eq!(choice.first(), USUAL_PORT);
    }

    #[test]
    fn a_file_that_names_no_port_of_ours_is_as_none() {
        for text in ["", "9050", "80", "x", "19149 19150", "70000"] {
            let (_folder, choice) = choice("", Some(text));
            assert_eq!(choice.first(), USUAL_PORT, "{text}");
        }
    }
}
