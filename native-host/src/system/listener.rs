//! The process that listens on a port of this computer.

use super::process::{self, Process};
use std::fs;

/// The process that holds this TCP port of 127.0.0.1 or of all addresses. If several hold it, the
/// one that began first, see [`process::eldest`]. `None` where the system does not tell, or tells
/// it only to root: for a process of another user.
pub(crate) fn of(port: u16) -> Option<Process> {
    let table = fs::read_to_string("/proc/self/net/tcp").ok()?;
    let socket = format!("socket:[{}]", inode(&table, port)?);
    process::eldest(|process| {
        let files = fs::read_dir(format!("/proc/{}/fd", process.number()));
        let mut files = files.into_iter().flatten().flatten();
        files.any(|file| fs::read_link(file.path()).is_ok_and(|to| to.as_os_str() == &*socket))
    })
}

/// The socket's number in a table of proc_pid_net(5): address and port in the order of this
/// computer's bytes, the state (0A: it listens), and in the tenth field the number.
fn inode(table: &str, port: u16) -> Option<&str> {
    let places = [0x7f00_0001_u32.to_be(), 0].map(|address| format!("{address:08X}:{port:04X}"));
    table.lines().find_map(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        let is_it = fields.get(3) == Some(&"0A")
            && places
                .iter()
                .any(|place| fields.get(1) == Some(&place.as_str()));
        fields.get(9).filter(|_| is_it).copied()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn a_listener_is_found_by_its_port_and_its_process_is_named() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let own = i32::try_from(std::process::id()).expect("small");
        assert_eq!(of(port).map(Process::number), Some(own));
        drop(listener);
        assert!(of(port).is_none_or(|process| process.number() != own));
    }

    #[test]
    fn only_a_socket_that_listens_here_counts() {
        const TABLE: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when \
            retrnsmt   uid  timeout inode\n\
            0: 0100007F:0BB9 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 71 1\n\
            1: 0100007F:0BBA 0100007F:0BB9 01 00000000:00000000 00:00000000 00000000 0 0 72 1\n\
            2: 0200007F:0BBB 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 73 1\n";
        if cfg!(target_endian = "little") {
            assert_eq!(inode(TABLE, 3001), Some("71"));
        }
        assert_eq!(inode(TABLE, 3002), None);
        assert_eq!(inode(TABLE, 3003), None);
    }
}
