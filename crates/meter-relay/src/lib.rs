//! The counting SOCKS5 relay in front of Tor.
