//! The table of settings: names, types, defaults, bounds, docs, and what follows from it.
