//! Finds or runs Tor, follows its bootstrap and says where its SOCKS socket is.
