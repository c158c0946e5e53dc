//! Reads definition files. Their notation is described in `crates/wire/messages/README.md`.

use super::model::{Api, Field, Kind, Message, Role, Struct, Versions};

/// What a definition file holds.
#[derive(Debug)]
pub(crate) enum Definitions {
    Api(Box<Api>),
    /// Messages of no API, and the name of the enum over them, if there is to be one.
    Messages {
        union: Option<String>,
        messages: Vec<Message>,
    },
}

struct Line<'a> {
    number: usize,
    depth: usize,
    words: Vec<&'a str>,
}

/// Parses one file; errors name its line.
pub(crate) fn parse(text: &str) -> Result<Definitions, String> {
    let lines = split(text)?;
    let mut blocks: Vec<(&Line<'_>, &[Line<'_>])> = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let body = lines[at + 1..].iter().take_while(|line| line.depth > 0).count();
        blocks.push((&lines[at], &lines[at + 1..at + 1 + body]));
        at += 1 + body;
    }
    match blocks.as_slice() {
        [(head, []), request, response] if head.words[0] == "api" => {
            api(head, *request, *response).map(|api| Definitions::Api(Box::new(api)))
        }
        [(head, []), rest @ ..] if head.words[0] == "union" => {
            let [_, name] = head.words[..] else { return Err(head.error("want: union NAME")) };
            messages(Some(name.to_owned()), rest)
        }
        blocks => messages(None, blocks),
    }
}

fn messages(
    union: Option<String>,
    blocks: &[(&Line<'_>, &[Line<'_>])],
) -> Result<Definitions, String> {
    let messages =
        blocks.iter().map(|(head, body)| stored(head, body)).collect::<Result<_, _>>()?;
    Ok(Definitions::Messages { union, messages })
}

fn split(text: &str) -> Result<Vec<Line<'_>>, String> {
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default();
        let indent = line.len() - line.trim_start().len();
        if line.trim().is_empty() {
            continue;
        }
        if indent % 2 != 0 {
            return Err(format!("line {}: indent is not a multiple of two", index + 1));
        }
        let words = line.split_whitespace().collect();
        lines.push(Line { number: index + 1, depth: indent / 2, words });
    }
    Ok(lines)
}

impl Line<'_> {
    fn error(&self, what: &str) -> String {
        format!("line {}: {what}: {}", self.number, self.words.join(" "))
    }
}

fn api(
    head: &Line<'_>,
    request: (&Line<'_>, &[Line<'_>]),
    response: (&Line<'_>, &[Line<'_>]),
) -> Result<Api, String> {
    let [_, key, name, flags @ ..] = head.words.as_slice() else {
        return Err(head.error("want: api KEY NAME FLAGS"));
    };
    if let Some(unknown) =
        flags.iter().find(|flag| !["broker", "controller", "forwarded", "unstable"].contains(flag))
    {
        return Err(head.error(&format!("unknown flag {unknown}")));
    }
    let part = |(line, body): (&Line<'_>, &[Line<'_>]), word: &str, role, name: String| {
        if line.words[0] != word {
            return Err(line.error(&format!("want: {word}")));
        }
        message(line, &line.words[1..], body, role, name)
    };
    Ok(Api {
        key: key.parse().map_err(|_| head.error("bad key"))?,
        name: (*name).to_owned(),
        broker: flags.contains(&"broker"),
        controller: flags.contains(&"controller"),
        forwarded: flags.contains(&"forwarded"),
        unstable: flags.contains(&"unstable"),
        request: part(request, "request", Role::Request, format!("{name}Request"))?,
        response: part(response, "response", Role::Response, format!("{name}Response"))?,
    })
}

fn stored(head: &Line<'_>, body: &[Line<'_>]) -> Result<Message, String> {
    let (role, rest) = match head.words.as_slice() {
        ["data", rest @ ..] => (Role::Data, rest),
        [word @ ("record" | "key" | "value"), number, rest @ ..] => {
            let number = number.parse().map_err(|_| head.error("bad type number"))?;
            let role = match *word {
                "record" => Role::Record(number),
                "key" => Role::Key(number),
                _ => Role::Value(number),
            };
            (role, rest)
        }
        _ => return Err(head.error("want: data, record, key or value")),
    };
    let [name, rest @ ..] = rest else { return Err(head.error("want a name")) };
    message(head, rest, body, role, (*name).to_owned())
}

fn message(
    head: &Line<'_>,
    rest: &[&str],
    body: &[Line<'_>],
    role: Role,
    name: String,
) -> Result<Message, String> {
    let (versions, flexible) = match rest {
        [versions] => (versions, None),
        [versions, "flexible", from] => (versions, Some(from)),
        _ => return Err(head.error("want: VERSIONS [flexible FROM+]")),
    };
    let any = Versions { min: 0, max: i16::MAX };
    let versions = parse_versions(versions, any).ok_or_else(|| head.error("bad versions"))?;
    let flexible_from = match flexible {
        Some(from) => {
            Some(parse_versions(from, any).ok_or_else(|| head.error("bad flexible"))?.min)
        }
        None => None,
    };
    let mut structs = vec![Struct { name: name.clone(), versions, fields: Vec::new() }];
    fields(body, 1, 0, &mut structs)?;
    Ok(Message { name, role, versions, flexible_from, structs })
}

/// Reads the fields of `structs[owner]`, which are at `depth`, and what is nested in them.
fn fields(
    body: &[Line<'_>],
    depth: usize,
    owner: usize,
    structs: &mut Vec<Struct>,
) -> Result<(), String> {
    let mut at = 0;
    while at < body.len() {
        let line = &body[at];
        if line.depth != depth {
            return Err(line.error("wrong indent"));
        }
        let nested = body[at + 1..].iter().take_while(|line| line.depth > depth).count();
        let nested_lines = &body[at + 1..at + 1 + nested];
        at += 1 + nested;
        let outer = structs[owner].versions;
        let (name, versions) = if line.words[0] == "struct" {
            let versions = match line.words.as_slice() {
                [_, _] => outer,
                [_, _, versions] => {
                    parse_versions(versions, outer).ok_or_else(|| line.error("bad versions"))?
                }
                _ => return Err(line.error("want: struct NAME [VERSIONS]")),
            };
            (line.words[1].to_owned(), versions)
        } else {
            let field = field(line, outer)?;
            let (kind, versions) = (field.kind.clone(), field.versions);
            structs[owner].fields.push(field);
            if nested == 0 {
                continue;
            }
            let Kind::Struct(name) = kind else { return Err(line.error("not a struct")) };
            (name, versions)
        };
        structs.push(Struct { name, versions, fields: Vec::new() });
        let index = structs.len() - 1;
        fields(nested_lines, depth + 1, index, structs)?;
    }
    Ok(())
}

/// `Name: type[?[VERSIONS]] [VERSIONS] [tag N] [= DEFAULT] [ignorable] [inflexible]`
fn field(line: &Line<'_>, outer: Versions) -> Result<Field, String> {
    let [name, ty, rest @ ..] = line.words.as_slice() else {
        return Err(line.error("want: NAME: TYPE"));
    };
    let name = name.strip_suffix(':').ok_or_else(|| line.error("want a colon"))?;
    let (ty, nullable) = match ty.split_once('?') {
        Some((ty, versions)) => (ty, Some(versions)),
        None => (*ty, None),
    };
    let element = ty.strip_prefix('[').and_then(|ty| ty.strip_suffix(']'));
    let kind = Kind::parse(element.unwrap_or(ty)).ok_or_else(|| line.error("unknown type"))?;
    let mut field = Field {
        name: name.to_owned(),
        kind,
        array: element.is_some(),
        versions: outer,
        nullable: None,
        tag: None,
        default: None,
        ignorable: false,
        inflexible: false,
    };
    let mut words = rest.iter();
    while let Some(word) = words.next() {
        match *word {
            "tag" => {
                let tag = words.next().and_then(|tag| tag.parse().ok());
                field.tag = Some(tag.ok_or_else(|| line.error("bad tag"))?);
            }
            "=" => {
                let default = words.next().ok_or_else(|| line.error("want a default"))?;
                field.default = Some((*default).to_owned());
            }
            "ignorable" => field.ignorable = true,
            "inflexible" => field.inflexible = true,
            versions => {
                field.versions =
                    parse_versions(versions, outer).ok_or_else(|| line.error("bad versions"))?;
            }
        }
    }
    field.nullable = match nullable {
        Some("") => Some(field.versions),
        Some(versions) => Some(
            parse_versions(versions, field.versions).ok_or_else(|| line.error("bad versions"))?,
        ),
        None => None,
    };
    Ok(field)
}

/// `3`, `3+` or `3-5`, cut to `outer`.
fn parse_versions(text: &str, outer: Versions) -> Option<Versions> {
    let versions = if let Some(min) = text.strip_suffix('+') {
        Versions { min: min.parse().ok()?, max: i16::MAX }
    } else if let Some((min, max)) = text.split_once('-') {
        Versions { min: min.parse().ok()?, max: max.parse().ok()? }
    } else {
        let only = text.parse().ok()?;
        Versions { min: only, max: only }
    };
    versions.intersect(outer)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FETCH: &str = "\
api 1 Fetch broker controller forwarded   # a comment
request 4-18 flexible 12+
  ReplicaId: int32 4-14 = -1
  Topics: [FetchTopic]?7-9 5+ ignorable
    Topic: string 4-12
  ClusterId: string? 12+ tag 0 = null
response 4-18 flexible 12+
  Cursor: Cursor? = null
  struct Cursor 6+
    Name: string inflexible
";

    fn fetch() -> Api {
        match parse(FETCH) {
            Ok(Definitions::Api(api)) => *api,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn versions_are_cut_to_those_of_the_struct() {
        let Api { request, response, .. } = fetch();
        let [replica_id, topics, cluster_id] = request.structs[0].fields.as_slice() else {
            panic!("{request:?}")
        };
        assert_eq!(replica_id.versions, Versions { min: 4, max: 14 });
        assert_eq!(replica_id.default.as_deref(), Some("-1"));
        assert_eq!(topics.versions, Versions { min: 5, max: 18 });
        assert_eq!(topics.nullable, Some(Versions { min: 7, max: 9 }));
        assert!(topics.array && topics.ignorable);
        assert_eq!((cluster_id.tag, cluster_id.nullable), (Some(0), Some(cluster_id.versions)));
        assert_eq!(request.structs[1].versions, Versions { min: 5, max: 18 });
        assert_eq!(request.structs[1].fields[0].versions, Versions { min: 5, max: 12 });
        assert_eq!(response.structs[1].versions, Versions { min: 6, max: 18 });
        assert!(response.structs[1].fields[0].inflexible);
    }

    #[test]
    fn an_api_has_flags() {
        let api = fetch();
        assert!(api.broker && api.controller && api.forwarded && !api.unstable);
        assert_eq!((api.key, api.request.name.as_str()), (1, "FetchRequest"));
        assert_eq!(api.response.flexible_from, Some(12));
    }

    #[test]
    fn stored_records_have_roles() {
        let text = "union AllRecords\n\nrecord 2 TopicRecord 0 flexible 0+\n  Name: string\n\n\
                    data Marker 0\n";
        let Ok(Definitions::Messages { union, messages }) = parse(text) else { panic!() };
        assert_eq!(union.as_deref(), Some("AllRecords"));
        let roles: Vec<Role> = messages.iter().map(|message| message.role).collect();
        assert_eq!(roles, [Role::Record(2), Role::Data]);
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        for (text, complaint) in [
            ("data A 0\n  Name string\n", "line 2: want a colon"),
            ("data A 0\n  Name: strin\n", "line 2: unknown type"),
            ("data A 0\n   Name: string\n", "line 2: indent"),
            ("data A 0\n    Name: string\n", "line 2: wrong indent"),
            ("data A 0\n  Name: string 5+\n", "line 2: bad versions"),
            ("data A 0\n  Name: string tag x\n", "line 2: bad tag"),
            ("data A 0\n  Name: string\n    Nested: int8\n", "line 2: not a struct"),
            ("api 1 A nobody\nrequest 0\nresponse 0\n", "line 1: unknown flag nobody"),
            ("record x A 0\n", "line 1: bad type number"),
        ] {
            let error = parse(text).expect_err(complaint);
            assert!(error.starts_with(complaint), "{error} instead of {complaint}");
        }
    }
}
