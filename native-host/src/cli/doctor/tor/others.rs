//! Findings about Tors that run on this computer without us, and programs that pretend to be one.

use super::super::finding::Finding::{self, Good, Note};
use meter_tor::{ControlAnswer, SocksAnswer, SurveyedPlace};

/// One line for each place where something answers. `is_used`: the daemon uses one of them, namely
/// the first that proves itself, or else the first that answers as Tor.
pub(super) fn findings(there: &[SurveyedPlace], is_used: bool) -> Vec<Finding> {
    let anything: Vec<_> = there.iter().filter(|found| found.is_anything()).collect();
    if anything.is_empty() {
        let text = "others: no Tor runs on 9050 or 9150, nor at Debian's sockets";
        return vec![Good(text.to_owned())];
    }
    let proved = anything.iter().position(|found| found.is_proved());
    let answers = |found: &&SurveyedPlace| found.answer == SocksAnswer::Tor;
    let used = proved.or_else(|| anything.iter().position(answers));
    let used = used.filter(|_| is_used);
    let lines = anything.iter().enumerate();
    lines
        .map(|(index, found)| line(found, used == Some(index)))
        .collect()
}

fn line(found: &SurveyedPlace, is_used: bool) -> Finding {
    let place = match (&found.socks, found.controls.first()) {
        (Some(socks), _) => socks.to_string(),
        (None, Some((control, _))) => control.to_string(),
        (None, None) => "this computer".to_owned(),
    };
    let what = match found.answer {
        SocksAnswer::Tor => format!("a Tor on {place}"),
        SocksAnswer::NotTor => format!("something that is not Tor on {place}"),
        SocksAnswer::Silent => format!("something that takes connections on {place} and is silent"),
        SocksAnswer::Unsafe(fault) => {
            format!("something that is not asked on {place} (its socket {fault})")
        }
        SocksAnswer::Nothing => format!("a control port without Tor's SOCKS port on {place}"),
    };
    let known = found.controls.last().map_or_else(
        || "without control port".to_owned(),
        |(at, answer)| control(&at.to_string(), answer),
    );
    let so = if is_used { "; the one in use" } else { "" };
    Note(format!("others: {what}, {known}{so}"))
}

fn control(at: &str, answer: &ControlAnswer) -> String {
    match answer {
        ControlAnswer::Proved {
            version: Some(version),
        } => format!("version {version}, proves itself at {at}"),
        ControlAnswer::Proved { version: None } => format!("proves itself at {at}"),
        ControlAnswer::Unsafe(fault) => format!("its control socket {at} is not used: it {fault}"),
        ControlAnswer::Refused(why) => format!("its control port {at} cannot be used: {why}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use meter_core::TorAddr;
    use meter_tor::{ControlRefusal, SocketFault};
    use std::path::PathBuf;

    fn text(finding: &Finding) -> &str {
        match finding {
            Good(text) | Note(text) => text,
            Finding::Bad { what, .. } => what,
        }
    }

    fn at(
        port: u16,
        answer: SocksAnswer,
        controls: Vec<(TorAddr, ControlAnswer)>,
    ) -> SurveyedPlace {
        SurveyedPlace {
            socks: Some(TorAddr::Tcp(([127, 0, 0, 1], port).into())),
            answer,
            controls,
        }
    }

    fn at_socket(answer: SocksAnswer, control: ControlAnswer) -> SurveyedPlace {
        let folder = PathBuf::from("/srv/tor");
        SurveyedPlace {
            socks: Some(TorAddr::Unix(folder.join("socks"))),
            answer,
            controls: vec![(TorAddr::Unix(folder.join("control")), control)],
        }
    }

    #[test]
    fn a_socket_is_named_by_its_path_and_by_what_is_wrong_with_it() {
        let proved = ControlAnswer::Proved { version: None };
        let fault = SocketFault::OtherOwner;
        let there = [
            at_socket(SocksAnswer::Tor, proved),
            at_socket(SocksAnswer::Unsafe(fault), ControlAnswer::Unsafe(fault)),
        ];
        let lines = findings(&there, true);
        let lines: Vec<_> = lines.iter().map(text).collect();
        assert_eq!(
            lines,
            [
                "others: a Tor on /srv/tor/socks, proves itself at /srv/tor/control; the one in \
                    use",
                "others: something that is not asked on /srv/tor/socks (its socket belongs to a \
                    user who does not own its folder), its control socket /srv/tor/control is not \
                    used: it belongs to a user who does not own its folder",
            ]
        );
    }

    #[test]
    fn each_place_has_a_line_and_one_is_in_use() {
        let debian = TorAddr::Unix(PathBuf::from("/run/tor/control"));
        let denied = ControlAnswer::Refused(ControlRefusal::NoAccess);
        let browser = TorAddr::Tcp(([127, 0, 0, 1], 9151).into());
        let proved = ControlAnswer::Proved {
            version: Some("0.4.8.9".to_owned()),
        };
        let there = [
            at(9050, SocksAnswer::Tor, vec![(debian, denied)]),
            at(9150, SocksAnswer::Tor, vec![(browser, proved)]),
            at(9250, SocksAnswer::Nothing, Vec::new()),
        ];
        let lines = findings(&there, true);
        let lines: Vec<_> = lines.iter().map(text).collect();
        assert_eq!(
            lines,
            [
                "others: a Tor on 127.0.0.1:9050, its control port /run/tor/control cannot be \
                    used: it is for another user",
                "others: a Tor on 127.0.0.1:9150, version 0.4.8.9, proves itself at \
                    127.0.0.1:9151; the one in use",
            ]
        );
    }

    #[test]
    fn where_none_runs_that_is_said_in_one_line() {
        let nothing = [at(9050, SocksAnswer::Nothing, Vec::new())];
        assert_eq!(findings(&nothing, false).len(), 1);
    }
}
