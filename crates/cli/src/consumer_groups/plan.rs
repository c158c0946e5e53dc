//! Offsets from a CSV file: `topic,partition,offset`, or with the group in front.

use std::collections::BTreeMap;

use client::Partitions;
use wire::Str;

use super::Error;

/// New offsets by group.
pub(super) type Plan = BTreeMap<Str, Partitions<i64>>;

/// Reads a file; without groups in it, it is for the one that is named.
///
/// # Errors
/// A line that is neither.
pub(super) fn parse(text: &str, groups: &[String]) -> Result<Plan, Error> {
    let lines: Vec<Vec<&str>> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.split(',').map(|cell| cell.trim().trim_matches('"')).collect())
        .collect();
    let is_short = lines.first().is_some_and(|cells| cells.len() == 3);
    let mut plan = Plan::new();
    for cells in &lines {
        let (group, rest) = match (&cells[..], groups) {
            (rest @ [_, _, _], [group]) if is_short => (group.as_str(), rest),
            ([group, rest @ ..], _) if rest.len() == 3 && !is_short => (*group, rest),
            _ => return Err(unreadable(cells)),
        };
        let partition = rest[1].parse::<i32>().map_err(|_| unreadable(cells))?;
        let offset = rest[2].parse::<i64>().map_err(|_| unreadable(cells))?;
        let key = (Str::copy_from(rest[0]), partition);
        plan.entry(Str::copy_from(group)).or_default().insert(key, offset);
    }
    Ok(plan)
}

fn unreadable(cells: &[&str]) -> Error {
    let line = cells.join(",");
    Error::Refused(format!(
        "the line '{line}' is neither 'topic,partition,offset' for a single --group nor \
         'group,topic,partition,offset'"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_for_one_group_or_name_groups() {
        let one = ["g".to_owned()];
        let two = ["g".to_owned(), "h".to_owned()];
        let expected: Plan = BTreeMap::from([("g".into(), BTreeMap::from([(("t".into(), 1), 7)]))]);
        assert_eq!(parse("t,1,7\n", &one).unwrap(), expected);
        assert_eq!(parse("g,t,1,7\n", &two).unwrap(), expected);
        assert_eq!(parse("g,t,1,7", &one).unwrap(), expected);
        assert!(parse("t,1,7", &two).is_err() && parse("t,x,7", &one).is_err());
        assert!(parse("t,1,7\ng,t,1,7", &one).is_err());
    }
}
