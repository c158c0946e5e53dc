//! Who of a group reads what: the range assignor, as the Java client does it.

use std::collections::BTreeMap;

use wire::Str;

/// A member as its group's leader sees it.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) id: Str,
    pub(crate) instance_id: Option<Str>,
    pub(crate) topics: Vec<Str>,
}

/// Partitions by member and topic.
pub(crate) type Assignment = BTreeMap<Str, BTreeMap<Str, Vec<i32>>>;

/// Gives each member a range of each of its topics; `counts` has the topics' partitions. Static
/// members come first, by instance id, so that restarts do not change who gets what.
pub(crate) fn range(members: &[Member], counts: &BTreeMap<Str, i32>) -> Assignment {
    let mut assignment: Assignment =
        members.iter().map(|member| (member.id.clone(), BTreeMap::new())).collect();
    let mut sorted: Vec<&Member> = members.iter().collect();
    sorted.sort_by(|a, b| {
        let key = |member: &Member| {
            (member.instance_id.is_none(), member.instance_id.clone(), member.id.clone())
        };
        key(a).cmp(&key(b))
    });
    for (topic, &count) in counts {
        let readers: Vec<&&Member> =
            sorted.iter().filter(|member| member.topics.contains(topic)).collect();
        if readers.is_empty() {
            continue;
        }
        let readers_count = readers.len() as i32;
        let (each, more) = (count / readers_count, count % readers_count);
        let mut first = 0;
        for (at, reader) in readers.iter().enumerate() {
            let next = first + each + i32::from((at as i32) < more);
            if next > first
                && let Some(share) = assignment.get_mut(&reader.id)
            {
                share.insert(topic.clone(), (first..next).collect());
            }
            first = next;
        }
    }
    assignment
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(id: &'static str, instance: Option<&'static str>, topics: &[&'static str]) -> Member {
        let topics = topics.iter().map(|topic| Str::from(*topic)).collect();
        Member { id: Str::from(id), instance_id: instance.map(Str::from), topics }
    }

    #[test]
    fn each_member_gets_a_range_and_the_first_ones_more() {
        let members = [member("b", None, &["t", "u"]), member("a", None, &["t"])];
        let counts = BTreeMap::from([(Str::from("t"), 3), (Str::from("u"), 2)]);
        let assignment = range(&members, &counts);
        assert_eq!(assignment["a"]["t"], [0, 1]);
        assert_eq!(assignment["b"]["t"], [2]);
        assert_eq!(assignment["b"]["u"], [0, 1]);
        assert!(!assignment["a"].contains_key("u"));
    }

    #[test]
    fn static_members_come_first_and_keep_their_order() {
        let members = [member("a", None, &["t"]), member("z", Some("1"), &["t"])];
        let assignment = range(&members, &BTreeMap::from([(Str::from("t"), 1)]));
        assert_eq!(assignment["z"]["t"], [0]);
        assert!(assignment["a"].is_empty());
    }
}
