//! The sticky assignor, as the tests of Apache Kafka's describe it (kafka-semantics 175).

use std::collections::BTreeSet;

use super::*;

struct Group {
    parts: BTreeMap<Str, ConfiguredSubtopology>,
    /// Member and process.
    members: Vec<(Str, Str)>,
    standbys: u32,
    targets: BTreeMap<Str, TaskSets>,
}

fn str(text: &str) -> Str {
    Str::copy_from(text)
}

/// Subtopologies such as `0=3 1=3*`, with a star for those with state; members such as `a1@a`.
fn group(parts: &str, members: &str, standbys: u32) -> Group {
    let part = |text: &str| {
        let (id, count) = text.split_once('=').expect("id and count");
        let (count, has_state) = match count.strip_suffix('*') {
            Some(count) => (count, true),
            None => (count, false),
        };
        let changelog = super::super::configure::InternalTopic {
            name: str("store"),
            partitions: 1,
            replication_factor: None,
            configs: Vec::new(),
        };
        let part = ConfiguredSubtopology {
            task_count: count.parse().expect("a count"),
            source_topics: BTreeSet::new(),
            repartition_source_topics: Vec::new(),
            repartition_sink_topics: BTreeSet::new(),
            state_changelog_topics: has_state.then_some(changelog).into_iter().collect(),
        };
        (str(id), part)
    };
    let mut group = Group {
        parts: parts.split(' ').map(part).collect(),
        members: Vec::new(),
        standbys,
        targets: BTreeMap::new(),
    };
    group.set_members(members);
    group
}

impl Group {
    fn set_members(&mut self, members: &str) {
        let member = |text: &str| text.split_once('@').map(|(id, at)| (str(id), str(at)));
        self.members = members.split(' ').filter_map(member).collect();
    }

    fn assign(&mut self) -> String {
        let nothing = TaskSets::default();
        let specs: BTreeMap<&Str, MemberSpec<'_>> = self
            .members
            .iter()
            .map(|(id, process_id)| {
                let target = self.targets.get(id).unwrap_or(&nothing);
                (id, MemberSpec { process_id, target })
            })
            .collect();
        self.targets = assign(&specs, &self.parts, self.standbys);
        self.show()
    }

    /// Such as `a1: 0_0 0_1 +1_0`, a plus before standbys.
    fn show(&self) -> String {
        let show = |tasks: &Tasks, sign: &'static str| -> Vec<String> {
            let each = tasks.iter().flat_map(|(id, partitions)| {
                partitions.iter().map(move |task| format!(" {sign}{id}_{task}"))
            });
            each.collect()
        };
        let members = self.targets.iter().map(|(member, sets)| {
            assert!(sets.warmup.is_empty());
            format!(
                "{member}:{}{}",
                show(&sets.active, "").concat(),
                show(&sets.standby, "+").concat()
            )
        });
        members.collect::<Vec<_>>().join("; ")
    }

    fn tasks(&self, of: impl Fn(&TaskSets) -> &Tasks) -> Vec<(Str, Str, i32)> {
        let process = |member: &Str| {
            let found = self.members.iter().find(|(id, _)| id == member);
            found.map(|(_, process)| process.clone()).unwrap_or_default()
        };
        let each = self.targets.iter().flat_map(|(member, sets)| {
            let process = process(member);
            of(sets).iter().flat_map(move |(id, tasks)| {
                let process = process.clone();
                tasks.iter().map(move |task| (process.clone(), id.clone(), *task))
            })
        });
        each.collect()
    }

    /// Every task is active once, no process has a task twice, and there are as many standbys as
    /// processes allow.
    fn check(&self) {
        let active = self.tasks(|sets| &sets.active);
        let standby = self.tasks(|sets| &sets.standby);
        let all = self.parts.values().map(|part| part.task_count as usize).sum::<usize>();
        let distinct: BTreeSet<_> = active.iter().map(|(_, id, task)| (id, task)).collect();
        assert_eq!((active.len(), distinct.len()), (all, all), "{}", self.show());
        let copies: BTreeSet<_> = active.iter().chain(&standby).collect();
        assert_eq!(copies.len(), active.len() + standby.len(), "{}", self.show());
        let processes = self.members.iter().map(|(_, at)| at).collect::<BTreeSet<_>>().len();
        let stateful = self.parts.values().filter(|part| !part.state_changelog_topics.is_empty());
        let copies = (self.standbys as usize).min(processes - 1);
        let wanted = stateful.map(|part| part.task_count as usize * copies).sum::<usize>();
        assert_eq!(standby.len(), wanted, "{}", self.show());
    }
}

#[test]
fn tasks_are_spread_by_range() {
    let mut group = group("0=3 1=3", "a@a b@b c@c", 0);
    assert_eq!(group.assign(), "a: 0_0 1_0; b: 0_1 1_1; c: 0_2 1_2");
    // What is balanced stays.
    assert_eq!(group.assign(), "a: 0_0 1_0; b: 0_1 1_1; c: 0_2 1_2");
}

#[test]
fn a_process_with_more_threads_gets_more() {
    let mut group = group("0=6", "a1@a a2@a b1@b", 0);
    group.assign();
    group.check();
    assert!(group.targets.values().all(|sets| sets.active[&str("0")].len() == 2));
}

#[test]
fn a_new_member_takes_its_share_and_no_more() {
    let mut group = group("0=4 1=4", "a@a b@b", 0);
    group.assign();
    let before = group.targets.clone();
    group.set_members("a@a b@b c@c");
    group.assign();
    group.check();
    let moved = |id: &str| {
        let tasks = |targets: &BTreeMap<Str, TaskSets>| -> BTreeSet<(Str, i32)> {
            let sets = &targets[&str(id)].active;
            sets.iter().flat_map(|(id, at)| at.iter().map(|at| (id.clone(), *at))).collect()
        };
        tasks(&group.targets).difference(&tasks(&before)).count()
    };
    assert_eq!((moved("a"), moved("b")), (0, 0));
    // Taken from both: 3, 3 and 2.
    assert_eq!(group.targets[&str("c")].active.values().map(BTreeSet::len).sum::<usize>(), 2);
}

#[test]
fn when_a_member_leaves_its_standby_takes_over() {
    let mut group = group("0=3*", "a@a b@b c@c", 1);
    group.assign();
    group.check();
    let standbys = group.targets[&str("b")].standby.clone();
    let mut of_a = group.targets[&str("a")].active.clone();
    let heir = match standbys.get(&str("0")).zip(of_a.remove(&str("0"))) {
        Some((standbys, active)) if !standbys.is_disjoint(&active) => "b",
        _ => "c",
    };
    let inherited = group.targets[&str("a")].active.clone();
    group.set_members("b@b c@c");
    group.assign();
    group.check();
    let tasks = &group.targets[&str(heir)].active[&str("0")];
    assert!(inherited[&str("0")].is_subset(tasks), "{}", group.show());
}

#[test]
fn tasks_without_state_have_no_standby() {
    let mut group = group("0=2 1=2*", "a@a b@b", 2);
    group.assign();
    group.check();
    assert!(group.tasks(|sets| &sets.standby).iter().all(|(_, id, _)| *id == "1"));
}

#[test]
fn threads_of_one_process_hold_no_copies_for_each_other() {
    let mut group = group("0=4*", "a1@a a2@a", 1);
    group.assign();
    group.check();
}

/// Members come and go at random: nothing is lost, doubled or piled up, and what need not move
/// does not.
#[test]
fn keeps_every_task_while_members_come_and_go() {
    let mut random = 7u64;
    let mut next = |bound: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (random >> 33) % bound
    };
    for standbys in 0..3 {
        let mut group = group("0=7 1=5* 2=12*", "m0@p0", standbys);
        for _ in 0..60 {
            let count = 1 + next(9);
            let members: Vec<_> = (0..count)
                .map(|_| next(12))
                .collect::<BTreeSet<_>>()
                .into_iter()
                .map(|id| format!("m{id:02}@p{}", id % 5))
                .collect();
            group.set_members(&members.join(" "));
            group.assign();
            group.check();
            if standbys == 0 {
                let again = group.show();
                assert_eq!(group.assign(), again);
            }
        }
    }
}

#[test]
fn no_members_get_nothing() {
    assert!(assign(&BTreeMap::new(), &group("0=3", "", 1).parts, 1).is_empty());
}
