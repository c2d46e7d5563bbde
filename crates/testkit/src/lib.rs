//! Starts the whole service in-process for integration suites: memory stores, a clock to turn, a mailbox to read.
