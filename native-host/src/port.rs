//! Chooses the relay's port if `config.toml` names none: the usual one or, if another user's relay
//! or another program has it, a free one. The choice is stored in a file and tried first at the
//! next start. It changes if that port is taken by then, or if the disk did not accept the file.
//!
//! The host tells browsers the port. A browser with an earlier port continues to use that port
//! until it is told the new one, and never goes without a proxy. If another user's relay has the
//! earlier port, it closes the connections; any other program on it receives what the browser
//! requests.

use crate::{
    config::{Config, USUAL_PORT},
    files,
    home::Home,
    system::user,
};
use std::path::PathBuf;

/// Tried when the usual one is taken: below the ports that systems give to clients, and not used by
/// a known service (IANA's list; Tor's own are elsewhere).
const SPARE_PORTS: std::ops::Range<u16> = 19_149..19_249;

/// Why the relay of `home` has this port, as far as `config.toml` tells; `None` if that needs no
/// explanation.
pub(crate) fn why(port: u16, home: &Home) -> Option<String> {
    let config = Config::load(&home.config()).ok()?;
    PortChoice::new(&config, home).why(port)
}

/// The port that a relay of `home` chose at its last start, and why; `None` if it has the usual or
/// a named one.
pub(crate) fn chosen(home: &Home) -> Option<(u16, String)> {
    let config = Config::load(&home.config()).ok()?;
    let choice = PortChoice::new(&config, home);
    let port = choice.first();
    Some((port, choice.why(port)?))
}

/// The named port, or the choice and the file that stores it.
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

    /// The ports to try, in this order. A named port is never replaced.
    pub(crate) fn candidates(&self) -> Vec<u16> {
        if let Some(port) = self.named {
            return vec![port];
        }
        // From the file, which is read once.
        let first = self.first();
        let mut ports = vec![first];
        // Two users begin at different places, so that each usually gets the first that is tried.
        let count = SPARE_PORTS.len();
        let offset = usize::try_from(user::real()).unwrap_or_default() % count;
        let spare = SPARE_PORTS.cycle().skip(offset).take(count);
        let others = std::iter::once(USUAL_PORT).chain(spare);
        ports.extend(others.filter(|port| *port != first));
        ports
    }

    /// The port that is tried first: that of the last start.
    pub(crate) fn first(&self) -> u16 {
        self.named
            .or_else(|| self.remembered())
            .unwrap_or(USUAL_PORT)
    }

    pub(crate) const fn is_named(&self) -> bool {
        self.named.is_some()
    }

    /// Why the relay has this port; `None` if it is the usual or the named one.
    pub(crate) fn why(&self, port: u16) -> Option<String> {
        // Any other was named when the relay began, by a file that was changed since.
        let is_chosen = self.named.is_none() && SPARE_PORTS.contains(&port);
        is_chosen.then(|| format!("because {USUAL_PORT} was taken by another program"))
    }

    /// Stores a chosen port. A full disk is no reason to have no relay: the next start may then
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
        let port = files::read_text(&self.kept).ok()?.trim().parse().ok()?;
        (port == USUAL_PORT || SPARE_PORTS.contains(&port)).then_some(port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

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
    fn a_port_that_was_chosen_has_a_reason_and_one_that_is_named_or_usual_has_none() {
        let (_folder, free) = choice("", None);
        let why = free.why(19_150).expect("a reason");
        assert!(why.contains("9149 was taken"), "{why}");
        assert_eq!(free.why(USUAL_PORT), None);
        let why = free.why(9_200);
        assert_eq!(why, None, "it was named in a file that is gone");
        let (_folder, named) = choice("[relay]\nport = 9200\n", None);
        assert_eq!(named.why(9_200), None);
    }

    #[test]
    fn a_file_that_names_no_port_of_ours_is_as_none() {
        for text in ["", "9050", "80", "x", "19149 19150", "70000"] {
            let (_folder, choice) = choice("", Some(text));
            assert_eq!(choice.first(), USUAL_PORT, "{text}");
        }
    }
}
