//! Runs the quorum machine: the metadata log on disk, snapshots, timers, requests.
