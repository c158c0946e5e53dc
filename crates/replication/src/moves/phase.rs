//! Which step of a move is next.

/// How far a move has come in the eyes of the controller, which must know of the new directory
/// before the copy is used (KIP-858): were it told later, it would take the replica for online
/// while its new directory has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Phase {
    /// The controller has not been told.
    #[default]
    Copying,
    /// It has been told and has not answered yet.
    Assigning,
    /// It has written the new directory down.
    Assigned,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// A piece was copied, and there is more.
    Behind,
    /// The copy has all that the log had just now.
    CaughtUp,
    /// The controller has written the new directory down.
    Accepted,
    /// The controller will not answer: another directory was told in between.
    Superseded,
}

/// What is to be done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Copy a piece.
    Copy,
    /// Tell the controller, then copy.
    Assign,
    /// Wait for the controller or for new records, then copy.
    Wait,
    /// Let the copy take the place of the log; copy if too much has come in between.
    Swap,
}

impl Phase {
    /// The step after an event.
    pub(crate) fn on(&mut self, event: Event) -> Step {
        match (event, &*self) {
            (Event::Behind, _) => Step::Copy,
            (Event::CaughtUp, Self::Copying) => {
                *self = Self::Assigning;
                Step::Assign
            }
            (Event::CaughtUp, Self::Assigning) => Step::Wait,
            (Event::CaughtUp, Self::Assigned) => Step::Swap,
            (Event::Accepted, _) => {
                *self = Self::Assigned;
                Step::Copy
            }
            (Event::Superseded, _) => {
                *self = Self::Copying;
                Step::Copy
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kafka_semantics_206_the_controller_is_told_before_the_copy_is_used() {
        let mut phase = Phase::default();
        assert_eq!(phase.on(Event::Behind), Step::Copy);
        assert_eq!(phase.on(Event::CaughtUp), Step::Assign);
        assert_eq!(phase.on(Event::CaughtUp), Step::Wait);
        assert_eq!(phase.on(Event::Behind), Step::Copy);
        assert_eq!(phase.on(Event::CaughtUp), Step::Wait, "it is told once");
        assert_eq!(phase.on(Event::Accepted), Step::Copy, "records may have come meanwhile");
        assert_eq!(phase.on(Event::Behind), Step::Copy);
        assert_eq!(phase.on(Event::CaughtUp), Step::Swap);
        assert_eq!(phase.on(Event::Behind), Step::Copy);
        assert_eq!(phase.on(Event::CaughtUp), Step::Swap);
    }

    #[test]
    fn a_controller_that_was_told_otherwise_is_told_again() {
        let mut phase = Phase::default();
        assert_eq!(phase.on(Event::CaughtUp), Step::Assign);
        assert_eq!(phase.on(Event::Superseded), Step::Copy);
        assert_eq!(phase.on(Event::CaughtUp), Step::Assign);
    }
}
