//! Clock, randomness, files and sockets: the machine's own, or simulated.
