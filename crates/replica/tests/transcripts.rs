//! Runs the transcripts: events in, outcomes out, as text.
//!
//! A transcript is a file of commands; what a command led to follows it, indented. Lines that
//! start with `#` say why. Broker 1 is the local one. `UPDATE_TRANSCRIPTS=1` writes what happens
//! now into the files, for review as a diff.

#![allow(clippy::unwrap_used, reason = "a transcript that cannot be run fails its test")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use replica::{
    AlterPartitionAnswer, Assignment, BrokerStanding, CommitStatus, Context, EpochEntry,
    FollowerFetch, IsrProposal, LeaderEpochs, LogOffsets, Outcome, Reader, Refusal, ReplicaState,
    ReplicationRules, Transition,
};

struct World {
    replica: ReplicaState,
    rules: ReplicationRules,
    epochs: LeaderEpochs,
    log: LogOffsets,
    /// Where records count only once they are on the disk: how far that is.
    on_disk: Option<i64>,
    now_ms: i64,
    brokers: BTreeMap<i32, BrokerStanding>,
    proposals: Vec<IsrProposal>,
}

/// The words behind a command: flags, and `name=value`.
struct Words<'t>(Vec<&'t str>);

impl<'t> Words<'t> {
    fn get(&self, name: &str) -> Option<&'t str> {
        self.0.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
    }

    fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.get(name).map(|text| text.parse().ok().unwrap_or_else(|| panic!("{name}={text}")))
    }

    fn list(&self, name: &str) -> Vec<i32> {
        let text = self.get(name).unwrap_or_default();
        text.split(',').filter(|id| !id.is_empty()).map(|id| id.parse().unwrap()).collect()
    }

    fn has(&self, word: &str) -> bool {
        self.0.contains(&word)
    }
}

impl World {
    fn new() -> Self {
        let standing = BrokerStanding { epoch: 10, is_fenced: false, is_shutting_down: false };
        let log = LogOffsets { log_start_offset: 0, log_end_offset: 0, committable_offset: 0 };
        let rules = ReplicationRules { min_insync_replicas: 1, replica_lag_time_max_ms: 30_000 };
        Self {
            replica: ReplicaState::new(1, 0, log, rules),
            rules,
            epochs: LeaderEpochs::default(),
            log,
            on_disk: None,
            now_ms: 1_000_000,
            brokers: (1..=5).map(|id| (id, standing)).collect(),
            proposals: Vec::new(),
        }
    }

    fn run(&mut self, command: &str) -> String {
        let mut words = command.split_whitespace();
        let name = words.next().unwrap();
        let words = Words(words.collect());
        match name {
            "log" => self.set_log(&words),
            "checkpoint" => self.load(&words),
            "broker" => self.set_broker(&words),
            "rules" => self.set_rules(&words),
            "wait" => {
                self.now_ms += words.number::<i64>("ms").unwrap();
                String::new()
            }
            "assign" => self.assign(&words),
            "append" => self.append(&words),
            "on-disk" => self.set_on_disk(&words),
            "committed" => self.committed(&words),
            "fetch" => self.fetch(&words),
            "lag" => self.lag(),
            "answer" => self.answer(&words),
            "leader-answered" => {
                self.replica.on_leader_high_watermark(words.number("hw").unwrap(), self.log);
                self.show_high_watermark()
            }
            "fence" => self.fence(&words),
            "bounds" => self.bounds(&words),
            "list-offsets" => show_result(self.replica.admit_list_offsets()),
            "low-watermark" => self.low_watermark(),
            "state" => self.state(),
            other => panic!("no command {other}"),
        }
    }

    fn with_context<T>(
        &mut self,
        event: impl FnOnce(&mut ReplicaState, LogOffsets, &Context<'_>) -> T,
    ) -> T {
        let brokers = |id: i32| self.brokers.get(&id).copied();
        let context = Context { now_ms: self.now_ms, local_broker_epoch: 10, brokers: &brokers };
        let log = self.log;
        event(&mut self.replica, log, &context)
    }

    /// From now on records count once they are on the disk, where those before `offset` are.
    fn set_on_disk(&mut self, words: &Words<'_>) -> String {
        self.on_disk = Some(words.number("before").unwrap());
        self.settle_committable();
        let outcome = self.with_context(|replica, log, context| replica.on_appended(log, context));
        self.show(outcome)
    }

    fn settle_committable(&mut self) {
        self.log.committable_offset = self.on_disk.unwrap_or(self.log.log_end_offset);
    }

    fn set_log(&mut self, words: &Words<'_>) -> String {
        self.log.log_start_offset = words.number("start").unwrap_or(self.log.log_start_offset);
        self.log.log_end_offset = words.number("end").unwrap_or(self.log.log_end_offset);
        self.settle_committable();
        self.replica.on_log_bounds(self.log);
        self.show_high_watermark()
    }

    fn load(&mut self, words: &Words<'_>) -> String {
        self.replica = ReplicaState::new(1, words.number("hw").unwrap(), self.log, self.rules);
        self.show_high_watermark()
    }

    fn set_broker(&mut self, words: &Words<'_>) -> String {
        let id = words.number("id").unwrap();
        let epoch = words.number("epoch").unwrap_or(10);
        let is_fenced = words.has("fenced");
        let is_shutting_down = words.has("shutting-down");
        self.brokers.insert(id, BrokerStanding { epoch, is_fenced, is_shutting_down });
        String::new()
    }

    fn set_rules(&mut self, words: &Words<'_>) -> String {
        self.rules.min_insync_replicas = words.number("min-isr").unwrap();
        let rules = self.rules;
        let outcome =
            self.with_context(|replica, log, context| replica.on_rules(rules, log, context));
        self.show(outcome)
    }

    fn assign(&mut self, words: &Words<'_>) -> String {
        let leader_epoch = words.number("epoch").unwrap();
        let assignment = Assignment {
            leader: words.number("leader").unwrap(),
            leader_epoch,
            partition_epoch: words.number("partition-epoch").unwrap_or(leader_epoch),
            replicas: words.list("replicas"),
            isr: words.list("isr"),
        };
        let transition = self
            .with_context(|replica, log, context| replica.on_assignment(&assignment, log, context));
        match transition {
            Transition::Stale => "stale\n".to_owned(),
            Transition::Follower { is_new_epoch } => {
                format!("follows{}\n", if is_new_epoch { ", fetching starts anew" } else { "" })
            }
            Transition::Leader { epoch_start_offset, high_watermark_advanced } => {
                let mut text = "leads".to_owned();
                if let Some(start_offset) = epoch_start_offset {
                    self.epochs.assign(leader_epoch, start_offset);
                    write!(text, ", epoch starts at {start_offset}").unwrap();
                }
                text.push('\n');
                if high_watermark_advanced {
                    text.push_str(&self.show_high_watermark());
                }
                text
            }
        }
    }

    fn append(&mut self, words: &Words<'_>) -> String {
        if let Err(refusal) = self.replica.admit_append(words.number("acks").unwrap_or(-1)) {
            return format!("{refusal:?}\n");
        }
        self.log.log_end_offset += words.number::<i64>("records").unwrap();
        self.settle_committable();
        let outcome = self.with_context(|replica, log, context| replica.on_appended(log, context));
        let shown = self.show(outcome);
        format!("log ends at {}\n{shown}", self.log.log_end_offset)
    }

    fn committed(&mut self, words: &Words<'_>) -> String {
        match self.replica.commit_status(words.number("offset").unwrap()) {
            Ok(CommitStatus::Pending) => "pending\n".to_owned(),
            Ok(CommitStatus::Committed) => "committed\n".to_owned(),
            Ok(CommitStatus::NotEnoughReplicas) => "not enough replicas after append\n".to_owned(),
            Err(refusal) => format!("{refusal:?}\n"),
        }
    }

    fn fetch(&mut self, words: &Words<'_>) -> String {
        let replica_id = words.number("from").unwrap();
        let fetch_offset = words.number("offset").unwrap();
        let current_leader_epoch = words.number("epoch");
        let reader = Reader::Follower { replica_id };
        let last_fetched_epoch = words.number("last-epoch").unwrap_or(-1);
        let admitted = self
            .replica
            .admit_fetch(reader, current_leader_epoch, true)
            .and_then(|()| self.log.divergence(&self.epochs, last_fetched_epoch, fetch_offset));
        match admitted {
            Err(refusal) => return format!("{refusal:?}\n"),
            Ok(Some(end)) => {
                return format!("epoch {} diverges at {}\n", end.epoch, end.end_offset);
            }
            Ok(None) => {}
        }
        let fetch = FollowerFetch {
            replica_id,
            fetch_offset,
            log_start_offset: words.number("start").unwrap_or(0),
            broker_epoch: words.number("broker-epoch").unwrap_or(10),
        };
        let outcome = self
            .with_context(|replica, log, context| replica.on_follower_fetch(&fetch, log, context));
        match outcome {
            Ok(outcome) => self.show(outcome),
            Err(refusal) => format!("{refusal:?}\n"),
        }
    }

    fn lag(&mut self) -> String {
        let proposal = self.with_context(|replica, log, context| replica.check_lag(log, context));
        self.show(Outcome { high_watermark_advanced: false, proposal })
    }

    fn answer(&mut self, words: &Words<'_>) -> String {
        let proposal = self.proposals.last().unwrap().clone();
        let answer = match words.0[0] {
            "not-done" => AlterPartitionAnswer::NotDone,
            "await-metadata" => AlterPartitionAnswer::AwaitMetadata,
            "failed" => AlterPartitionAnswer::Failed,
            "committed" => AlterPartitionAnswer::Committed {
                leader_epoch: words.number("epoch").unwrap_or(proposal.leader_epoch),
                partition_epoch: words
                    .number("partition-epoch")
                    .unwrap_or(proposal.partition_epoch + 1),
                isr: proposal.isr.iter().map(|member| member.broker_id).collect(),
            },
            other => panic!("no answer {other}"),
        };
        let outcome = self.with_context(|replica, log, context| {
            replica.on_alter_partition(&proposal, answer, log, context)
        });
        self.show(outcome)
    }

    fn fence(&mut self, words: &Words<'_>) -> String {
        show_result(self.replica.fence(words.number("epoch"), !words.has("any-replica")))
    }

    fn bounds(&mut self, words: &Words<'_>) -> String {
        let stable = words.number("lso").unwrap_or_else(|| self.replica.high_watermark());
        let bound = |reader| self.replica.read_bound(reader, self.log, stable);
        let in_range = match words.number("offset").map(|at| self.log.check_fetch_offset(at)) {
            Some(Err(refusal)) => return format!("{refusal:?}\n"),
            _ => "",
        };
        format!(
            "read uncommitted {}, read committed {}, follower {}{in_range}\n",
            bound(Reader::ReadUncommitted),
            bound(Reader::ReadCommitted),
            bound(Reader::Follower { replica_id: 2 })
        )
    }

    fn low_watermark(&mut self) -> String {
        match self.with_context(|replica, log, context| replica.low_watermark(log, context)) {
            Ok(offset) => format!("low watermark {offset}\n"),
            Err(refusal) => format!("{refusal:?}\n"),
        }
    }

    fn state(&mut self) -> String {
        let Self { replica, .. } = self;
        format!(
            "leader {} epoch {} partition epoch {} isr {:?}{}{}\n",
            replica.leader_id(),
            replica.leader_epoch(),
            replica.partition_epoch(),
            replica.isr(),
            if replica.is_under_min_isr() { " under min isr" } else { "" },
            if replica.is_at_min_isr() { " at min isr" } else { "" },
        )
    }

    fn show_high_watermark(&self) -> String {
        format!("high watermark {}\n", self.replica.high_watermark())
    }

    fn show(&mut self, outcome: Outcome) -> String {
        let mut text = String::new();
        if outcome.high_watermark_advanced {
            text.push_str(&self.show_high_watermark());
        }
        if let Some(proposal) = outcome.proposal {
            let members: Vec<String> = proposal
                .isr
                .iter()
                .map(|member| format!("{}@{}", member.broker_id, member.broker_epoch))
                .collect();
            writeln!(
                text,
                "propose isr {} in epoch {}, partition epoch {}",
                members.join(" "),
                proposal.leader_epoch,
                proposal.partition_epoch
            )
            .unwrap();
            self.proposals.push(proposal);
        }
        text
    }
}

fn show_result(result: Result<(), Refusal>) -> String {
    match result {
        Ok(()) => "ok\n".to_owned(),
        Err(refusal) => format!("{refusal:?}\n"),
    }
}

/// The transcript as it comes out when its commands are run.
fn rerun(transcript: &str) -> String {
    let mut world = World::new();
    let mut text = String::new();
    for line in transcript.lines().filter(|line| !line.starts_with("  ")) {
        text.push_str(line);
        text.push('\n');
        if !line.is_empty() && !line.starts_with('#') {
            for outcome in world.run(line).lines() {
                writeln!(text, "  {outcome}").unwrap();
            }
        }
    }
    text
}

#[test]
fn transcripts() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("transcripts");
    let update = std::env::var_os("UPDATE_TRANSCRIPTS").is_some();
    let mut paths: Vec<_> =
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    for path in paths {
        let transcript = std::fs::read_to_string(&path).unwrap();
        let outcome = rerun(&transcript);
        if update {
            std::fs::write(&path, outcome).unwrap();
        } else {
            assert_eq!(outcome, transcript, "{}", path.display());
        }
    }
}

/// The epochs a transcript's `last-epoch` refers to are those the replica itself led.
#[test]
fn epochs_of_a_transcript_are_those_assigned() {
    let mut world = World::new();
    world.run("assign leader=1 epoch=3 replicas=1 isr=1");
    assert_eq!(world.epochs.entries(), [EpochEntry { epoch: 3, start_offset: 0 }]);
}
