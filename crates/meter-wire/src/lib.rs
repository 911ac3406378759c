//! Messages between the extension, the daemon and its clients, with their error codes.
