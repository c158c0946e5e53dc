//! What holds for both environments, checked on each with the same code.

mod files;
