//! Why something failed, as a word of a closed set.

use meter_core::named;

named! {
    /// Why something failed, in [`Problem::cause`](crate::Problem::cause). Pages say it in the
    /// person's language, so each has a message `why_*` there.
    Why {
        /// The system does not allow it.
        Denied => "denied",
        /// A file or folder is missing.
        NotThere => "not_there",
        /// The disk, or the person's share of it, is full.
        DiskFull => "disk_full",
        /// The disk takes no changes.
        DiskReadOnly => "disk_read_only",
        /// A limit of the system refuses larger files.
        FileTooLarge => "file_too_large",
        /// It is a folder, a link or a pipe, where a plain file is needed.
        NotAFile => "not_a_file",
        /// The file belongs to another user.
        OfAnotherUser => "of_another_user",
        /// Other users may read a file with a secret.
        OpenToOthers => "open_to_others",
        /// The file is longer than any that can be right.
        FileTooLong => "file_too_long",
        /// The file is no text in UTF-8.
        NotText => "not_text",
        /// This program was built without Tor.
        TorNotBuiltIn => "tor_not_built_in",
        /// Others could replace the program `tor`.
        TorProgramUnsafe => "tor_program_unsafe",
        /// The system could not start `tor`.
        TorNotStarted => "tor_not_started",
        /// Tor ended while it started.
        TorEndedAtStart => "tor_ended_at_start",
        /// Tor ended later.
        TorEnded => "tor_ended",
        /// Tor did not open its control port in time.
        TorNotAnswering => "tor_not_answering",
        /// Tor does not know one of its options.
        TorOption => "tor_option",
        /// Another Tor uses the folder.
        TorFolderInUse => "tor_folder_in_use",
        /// The path of Tor's socket is longer than the system allows.
        TorPathTooLong => "tor_path_too_long",
        /// The address of Tor is not on this computer.
        TorNotLocal => "tor_not_local",
        /// Tor has no SOCKS port.
        TorNoSocks => "tor_no_socks",
        /// Bridges and Shadowsocks need a Tor that Onionmeter starts.
        OwnTorNeeded => "own_tor_needed",
        /// Bridges and Shadowsocks were both asked for.
        OneWay => "one_way",
    }
}
