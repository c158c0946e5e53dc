//! The cluster image and its delta, and what the controller decides.
