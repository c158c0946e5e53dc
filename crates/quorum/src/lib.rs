//! KRaft consensus as a pure machine: elections, log matching, high watermark, snapshots, voters.
