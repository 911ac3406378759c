//! Examples below the help of commands without a file of their own, and their exit statuses.

pub(super) const INSTALL_HELP: &str = "\
Examples:
  onionmeter install
  onionmeter install --browser-dir ~/my-profile      also a browser started with that \
  --user-data-dir

May be repeated at any time; what is in order stays as it is.

Exit status: 0 registered, 4 no browser was found, 64 the home, a folder or the program cannot be \
used,
73 not everything could be written, 75 another install or uninstall is at work.";

pub(super) const UNINSTALL_HELP: &str = "\
Turn protection off in the popup before you remove the extension.

Exit status: 0 nothing is registered any more, 7 the daemon does not answer, 64 refused or not \
confirmed,
73 not everything could be removed, 75 another install or uninstall is at work.";

pub(super) const DOCTOR_HELP: &str = "\
Looks at folder, settings, key, book, daemon, Tor and browsers. Changes nothing and starts nothing.

Exit status: 0 nothing is wrong, 1 something is: each BAD line is followed by what repairs it.";

pub(super) const DAEMON_HELP: &str = "\
For a service manager, or to see it end. Its log: `onionmeter logs -f`.

Exit status: 0 it was asked to end, nobody was left, or another one runs already; 64 the home \
cannot be
used, 69 it could not begin, 73 its disk is full or read-only, 78 a mistake in config.toml.";
