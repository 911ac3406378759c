//! Converts Arti's status to progress that a person can follow: the percentage never falls, and
//! phases have Tor's names. Pure.

use meter_embedded::{ConnectError, EmbeddedProgress};

/// Arti's status at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Look {
    /// From 0 to 1. It may fall (a start with an old directory showed 0.30, 0.85, 0.37, 0.93).
    pub(crate) fraction: f32,
    /// Whether a relay has answered.
    pub(crate) is_connected: bool,
    /// The reason why it cannot continue, according to Arti.
    pub(crate) blocked: Option<String>,
    /// The way its latest connection failed, if it did.
    pub(crate) connect_error: Option<ConnectError>,
    /// Difference of this computer's clock from that of relays, in seconds; positive if ahead.
    pub(crate) clock_skew_s: Option<i64>,
}

/// The progress of a start.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress {
    percent: u8,
    reported: Option<EmbeddedProgress>,
}

impl Progress {
    /// Takes the status. Returns the progress to report, if it changed.
    pub(crate) fn look(&mut self, look: Look) -> Option<EmbeddedProgress> {
        self.percent = self.percent.max(below_all(look.fraction));
        let (tag, summary) = phase(self.percent, look.is_connected);
        self.report(EmbeddedProgress {
            percent: self.percent,
            tag: tag.into(),
            summary: summary.into(),
            blocked: look.blocked,
            connect_error: look.connect_error,
            clock_skew_s: look.clock_skew_s,
            ready: false,
        })
    }

    /// Reports that connections can be made.
    pub(crate) fn ready(&mut self) -> Option<EmbeddedProgress> {
        self.report(EmbeddedProgress {
            percent: 100,
            tag: "done".into(),
            summary: "Done".into(),
            blocked: None,
            connect_error: None,
            clock_skew_s: None,
            ready: true,
        })
    }

    fn report(&mut self, progress: EmbeddedProgress) -> Option<EmbeddedProgress> {
        if self.reported.as_ref() == Some(&progress) {
            return None;
        }
        self.reported = Some(progress.clone());
        Some(progress)
    }
}

/// Whole percent, at most 99: 100 means ready.
fn below_all(fraction: f32) -> u8 {
    let reached = |percent: &u8| f32::from(*percent) <= fraction * 100.0;
    (0..=99).rev().find(reached).unwrap_or(0)
}

/// Arti counts 15 for the connection and 85 for the directory, which may be on disk from an earlier
/// run. So the percentage alone does not tell whether a relay has answered.
fn phase(percent: u8, is_connected: bool) -> (&'static str, &'static str) {
    match percent {
        0..15 => ("conn", "Connecting to a relay"),
        15.. if !is_connected => ("ap_conn", "Connecting to a relay to build circuits"),
        15..99 => ("loading_descriptors", "Loading relay descriptors"),
        99.. => ("circuit_create", "Establishing a Tor circuit"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(fraction: f32) -> Look {
        Look {
            fraction,
            is_connected: true,
            ..Look::default()
        }
    }

    #[test]
    fn the_percentage_never_falls_and_ends_at_a_hundred_only_when_ready() {
        let mut progress = Progress::default();
        let percents: Vec<u8> = [0.0, 0.30, 0.85, 0.37, 0.93, 1.0]
            .into_iter()
            .filter_map(|fraction| progress.look(at(fraction)))
            .map(|progress| progress.percent)
            .collect();
        assert_eq!(percents, [0, 30, 85, 93, 99]);
        let last = progress.ready().unwrap();
        assert_eq!(
            (last.percent, last.ready, last.tag.as_str()),
            (100, true, "done")
        );
    }

    #[test]
    fn a_blockage_is_told_when_it_comes_and_when_it_goes() {
        let mut progress = Progress::default();
        assert!(progress.look(at(0.1)).is_some());
        let blocked = Look {
            blocked: Some("offline".into()),
            ..at(0.1)
        };
        assert_eq!(
            progress.look(blocked.clone()).unwrap().blocked,
            blocked.blocked
        );
        assert!(progress.look(blocked).is_none());
        assert_eq!(progress.look(at(0.1)).unwrap().blocked, None);
    }

    #[test]
    fn a_failure_and_the_clock_are_told_when_they_change() {
        let mut progress = Progress::default();
        let refused = Look {
            connect_error: Some(ConnectError::Refused),
            ..at(0.0)
        };
        let ahead = Look {
            clock_skew_s: Some(7_200),
            ..refused.clone()
        };
        let mut report = |look: &Look| progress.look(look.clone());
        assert_eq!(
            report(&refused).unwrap().connect_error,
            refused.connect_error
        );
        assert_eq!(report(&refused), None);
        assert_eq!(report(&ahead).unwrap().clock_skew_s, Some(7_200));
        assert_eq!(report(&at(0.0)).unwrap().connect_error, None);
    }

    #[test]
    fn a_directory_from_last_time_does_not_hide_that_no_relay_answers() {
        let mut progress = Progress::default();
        let mut tag = |fraction, is_connected| {
            let look = Look {
                is_connected,
                ..at(fraction)
            };
            progress.look(look).unwrap().tag
        };
        assert_eq!(tag(0.02, false), "conn");
        assert_eq!(tag(0.85, false), "ap_conn");
        assert_eq!(tag(0.85, true), "loading_descriptors");
        assert_eq!(tag(0.99, true), "circuit_create");
    }

    #[test]
    fn fractions_out_of_range_are_tamed() {
        for (fraction, percent) in [(-1.0, 0), (f32::NAN, 0), (7.0, 99), (0.999, 99)] {
            assert_eq!(below_all(fraction), percent, "{fraction}");
        }
    }
}
