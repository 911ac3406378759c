//! The native host: bridge, daemon, engine, command line and registration.
