//! Finds the owner of a connection in a list of sockets. Pure: the lists are read elsewhere.

use std::net::SocketAddr;

use crate::Owner;

/// A TCP socket in a system's list.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Held {
    /// Its own address.
    pub(crate) local: SocketAddr,
    /// The process that holds it; 0 if no process does.
    pub(crate) process: u32,
}

/// The owner of a connection that is missing in the list.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Unlisted {
    /// The list has the sockets of this user's processes, so the connection is another user's.
    Others,
    /// The list has every socket, so the connection has no owner.
    Nobodys,
}

/// The connection in question.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question {
    /// Our own listener, to which the client connected. A list without it is not usable.
    pub(crate) listener: SocketAddr,
    /// The client's own address.
    pub(crate) client: SocketAddr,
    /// Our own process.
    pub(crate) us: u32,
}

impl Question {
    /// Answers from the list. `user_of` returns the user of a process, if we may know it.
    pub(crate) fn answer<U: PartialEq>(
        self,
        list: &[Held],
        unlisted: Unlisted,
        mut user_of: impl FnMut(u32) -> Option<U>,
    ) -> Owner {
        let is_ours = |held: &Held| held.process == self.us && is_at(held, self.listener);
        if !list.iter().any(is_ours) {
            return Owner::Unknown;
        }
        let Some(us) = user_of(self.us) else {
            return Owner::Unknown;
        };
        let held = list.iter().filter(|held| is_at(held, self.client));
        let mut found = match unlisted {
            Unlisted::Others => Owner::Other,
            Unlisted::Nobodys => Owner::Gone,
        };
        for holder in held.filter(|held| held.process != 0) {
            if user_of(holder.process).as_ref() == Some(&us) {
                return Owner::Us;
            }
            found = Owner::Other;
        }
        found
    }
}

/// Whether a socket has this address. A dual-stack socket has an IPv4 address in IPv6 form.
fn is_at(held: &Held, address: SocketAddr) -> bool {
    let plain = |at: SocketAddr| (at.ip().to_canonical(), at.port());
    plain(held.local) == plain(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    const US: u32 = 10;
    const BROWSER: u32 = 11;
    const STRANGER: u32 = 20;
    const HIDDEN: u32 = 30;

    fn user_of(process: u32) -> Option<&'static str> {
        match process {
            US | BROWSER => Some("alice"),
            STRANGER => Some("mallory"),
            _ => None,
        }
    }

    fn held(local: &str, process: u32) -> Held {
        let local = local.parse().expect("an address");
        Held { local, process }
    }

    #[track_caller]
    fn check(sockets: &[(&str, u32)], without_it: Unlisted, expected: Owner) {
        let list: Vec<_> = sockets.iter().map(|(at, who)| held(at, *who)).collect();
        let question = Question {
            listener: ([127, 0, 0, 1], 9149).into(),
            client: ([127, 0, 0, 1], 50_000).into(),
            us: US,
        };
        assert_eq!(question.answer(&list, without_it, user_of), expected);
    }

    const LISTENER: (&str, u32) = ("127.0.0.1:9149", US);

    #[test]
    fn a_connection_is_its_holders() {
        for unlisted in [Unlisted::Others, Unlisted::Nobodys] {
            for (client, process, expected) in [
                ("127.0.0.1:50000", BROWSER, Owner::Us),
                ("127.0.0.1:50000", US, Owner::Us),
                ("[::ffff:127.0.0.1]:50000", BROWSER, Owner::Us),
                ("127.0.0.1:50000", STRANGER, Owner::Other),
                ("[::ffff:127.0.0.1]:50000", STRANGER, Owner::Other),
                // A process whose user we may not know.
                ("127.0.0.1:50000", HIDDEN, Owner::Other),
            ] {
                check(&[LISTENER, (client, process)], unlisted, expected);
                check(&[(client, process), LISTENER], unlisted, expected);
            }
        }
    }

    #[test]
    fn a_connection_that_is_not_listed_is_as_the_list_means_it() {
        for near in [
            ("127.0.0.1:50001", BROWSER),
            ("127.0.0.2:50000", BROWSER),
            ("0.0.0.0:50000", BROWSER),
            ("[::1]:50000", BROWSER),
            // A closed connection that only the system still lists.
            ("127.0.0.1:50000", 0),
        ] {
            check(&[LISTENER, near], Unlisted::Others, Owner::Other);
            check(&[LISTENER, near], Unlisted::Nobodys, Owner::Gone);
        }
    }

    #[test]
    fn a_socket_that_two_processes_have_is_ours_if_one_of_them_is() {
        let (ours, theirs) = (("127.0.0.1:50000", BROWSER), ("127.0.0.1:50000", STRANGER));
        check(&[LISTENER, ours, theirs], Unlisted::Others, Owner::Us);
        check(&[LISTENER, theirs, ours], Unlisted::Others, Owner::Us);
    }

    #[test]
    fn a_list_without_our_own_listener_says_nothing() {
        let browser = ("127.0.0.1:50000", BROWSER);
        for list in [
            vec![],
            vec![browser],
            vec![("127.0.0.1:9150", US), browser],
            vec![("127.0.0.1:9149", STRANGER), browser],
        ] {
            check(&list, Unlisted::Others, Owner::Unknown);
            check(&list, Unlisted::Nobodys, Owner::Unknown);
        }
    }

    #[test]
    fn where_our_own_user_is_unknown_nobody_is_judged() {
        let question = Question {
            listener: ([127, 0, 0, 1], 9149).into(),
            client: ([127, 0, 0, 1], 50_000).into(),
            us: US,
        };
        let list = [
            held("127.0.0.1:9149", US),
            held("127.0.0.1:50000", STRANGER),
        ];
        let nothing = |_| None::<u8>;
        assert_eq!(
            question.answer(&list, Unlisted::Others, nothing),
            Owner::Unknown
        );
    }
}
