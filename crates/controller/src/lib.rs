//! The active controller: turns requests into metadata records and waits for their commit.
