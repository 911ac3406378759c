//! A private Tor network, ill-behaved peers and real browsers, for tests and the demo.
