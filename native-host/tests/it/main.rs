//! The program as browsers, terminals and scripts use it: real processes and real sockets.

mod attach;
mod backup;
mod book;
mod book_gone;
mod causes;
mod changes;
mod command_line;
mod copies;
mod daemon_twice;
mod detour;
mod earlier_chains;
mod everyday;
mod exit_statuses;
mod export;
#[cfg(feature = "serve")]
mod face;
mod frames;
mod hanging_disk;
mod in_the_way;
mod launch;
mod limits;
mod long_requests;
mod named;
mod not_files;
mod objects;
mod obstacles;
mod one_report;
mod person;
mod places;
mod ports;
mod programs;
mod purge;
mod registered;
mod relay;
mod said;
mod scripts;
mod second_witness;
mod settings;
mod shutdown;
mod stand_in;
mod strangers;
mod support;
mod taken_back;
mod terminal;
mod tor_choice;
mod truth;
mod unguarded;
mod unread;
mod versions;
mod wall_clock;
mod ways_out;
mod witness;
mod wrong_files;

/// Not a test: it runs this program again as a daemon that hangs. Its process has the argument
/// `daemon`, as a real daemon has.
#[test]
fn daemon() {
    stand_in::act();
}

/// Not a test: it runs this program again as another program in the daemon's place.
#[test]
fn stranger() {
    stand_in::act();
}
