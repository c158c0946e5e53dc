//! Group coordinators as pure machines: classic groups and committed offsets.
