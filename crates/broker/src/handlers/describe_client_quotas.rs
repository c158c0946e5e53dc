//! DescribeClientQuotas: what users, clients and addresses may use, by a filter (KIP-546).

use std::collections::BTreeMap;

use metadata::{ClientQuotasImage, QuotaEntity};
use wire::messages::{
    DescribeClientQuotasRequest, DescribeClientQuotasResponse,
    describe_client_quotas_request::ComponentData,
    describe_client_quotas_response::{EntityData, EntryData, ValueData},
};
use wire::{ErrorCode, Str};

use crate::request::Request;

/// What an entity's name must be.
#[derive(Debug)]
enum Match<'a> {
    /// This, or the default if none.
    Exact(Option<&'a Str>),
    /// Anything, the default included.
    Any,
}

/// A filter is refused with a code and a text.
type Refusal = (ErrorCode, String);

/// Answers from the image.
pub(crate) async fn handle(
    request: Request,
    message: DescribeClientQuotasRequest,
) -> DescribeClientQuotasResponse {
    match find(&request.image.client_quotas, &message) {
        Ok(entries) => DescribeClientQuotasResponse {
            error_message: Some(Str::new()),
            entries: Some(entries),
            ..DescribeClientQuotasResponse::default()
        },
        Err((error, text)) => DescribeClientQuotasResponse {
            error_code: error.code(),
            error_message: Some(Str::from(text)),
            entries: None,
            ..DescribeClientQuotasResponse::default()
        },
    }
}

fn find(
    quotas: &ClientQuotasImage,
    message: &DescribeClientQuotasRequest,
) -> Result<Vec<EntryData>, Refusal> {
    let filter = filter(&message.components)?;
    let is_match = |entity: &QuotaEntity| {
        let is_of_types = !message.strict || entity.len() == filter.len();
        is_of_types
            && filter.iter().all(|(kind, wanted)| match (entity.get(kind.as_str()), wanted) {
                (None, _) => false,
                (Some(_), Match::Any) => true,
                (Some(name), Match::Exact(wanted)) => name.as_ref() == *wanted,
            })
    };
    let found = quotas.entities.iter().filter(|(entity, _)| is_match(entity));
    Ok(found.map(|(entity, quotas)| to_wire(entity, quotas)).collect())
}

fn filter(components: &[ComponentData]) -> Result<BTreeMap<&Str, Match<'_>>, Refusal> {
    let mut filter = BTreeMap::new();
    for component in components {
        let kind = &component.entity_type;
        if kind.is_empty() {
            return Err(invalid("Invalid empty entity type."));
        }
        if filter.contains_key(kind) {
            let text = format!("Entity type {kind} cannot appear more than once in the filter.");
            return Err(invalid(text));
        }
        if !["user", "client-id", "ip"].contains(&kind.as_str()) {
            let text = format!("Unsupported entity type {kind}");
            return Err((ErrorCode::UnsupportedVersion, text));
        }
        filter.insert(kind, wanted(component)?);
    }
    if filter.len() > 1 && filter.keys().any(|kind| kind.as_str() == "ip") {
        return Err(invalid(
            "Invalid entity filter component combination. IP filter component should not be used \
             with user or clientId filter component.",
        ));
    }
    Ok(filter)
}

fn wanted(component: &ComponentData) -> Result<Match<'_>, Refusal> {
    match (component.match_type, &component.r#match) {
        (0, Some(name)) => Ok(Match::Exact(Some(name))),
        (0, None) => {
            Err(invalid("Request specified MATCH_TYPE_EXACT, but set match string to null."))
        }
        (1, None) => Ok(Match::Exact(None)),
        (2, None) => Ok(Match::Any),
        (1, Some(_)) => {
            Err(invalid("Request specified MATCH_TYPE_DEFAULT, but also specified a match string."))
        }
        (2, Some(_)) => Err(invalid(
            "Request specified MATCH_TYPE_SPECIFIED, but also specified a match string.",
        )),
        (other, _) => Err(invalid(format!("Unknown match type {other}"))),
    }
}

fn invalid(text: impl Into<String>) -> Refusal {
    (ErrorCode::InvalidRequest, text.into())
}

fn to_wire(entity: &QuotaEntity, quotas: &BTreeMap<Str, f64>) -> EntryData {
    let entity = entity.iter().map(|(kind, name)| EntityData {
        entity_type: kind.clone(),
        entity_name: name.clone(),
        ..EntityData::default()
    });
    let values = quotas.iter().map(|(key, value)| ValueData {
        key: key.clone(),
        value: *value,
        ..ValueData::default()
    });
    EntryData { entity: entity.collect(), values: values.collect(), ..EntryData::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Part = (&'static str, Option<&'static str>);
    type Component = (&'static str, i8, Option<&'static str>);

    fn entity(parts: &[Part]) -> QuotaEntity {
        parts.iter().map(|(kind, name)| (Str::from(*kind), name.map(Str::from))).collect()
    }

    fn quotas() -> ClientQuotasImage {
        let of: [&[Part]; 8] = [
            &[("user", Some("alice"))],
            &[("user", Some("alice")), ("client-id", Some("app"))],
            &[("user", None), ("client-id", Some("app"))],
            &[("user", None)],
            &[("client-id", None)],
            &[("client-id", Some("app"))],
            &[("ip", Some("10.0.0.1"))],
            &[("ip", None)],
        ];
        let values = BTreeMap::from([(Str::from("a quota"), 1.0)]);
        ClientQuotasImage { entities: of.map(|parts| (entity(parts), values.clone())).into() }
    }

    /// The entities found, each as its types and names; or the refusal.
    fn ask(components: &[Component], strict: bool) -> String {
        let components = components.iter().map(|(kind, match_type, name)| ComponentData {
            entity_type: Str::from(*kind),
            match_type: *match_type,
            r#match: name.map(Str::from),
            ..ComponentData::default()
        });
        let message = DescribeClientQuotasRequest {
            components: components.collect(),
            strict,
            ..DescribeClientQuotasRequest::default()
        };
        match find(&quotas(), &message) {
            Ok(entries) => {
                let of = |part: &EntityData| match &part.entity_name {
                    Some(name) => format!("{}={name}", part.entity_type),
                    None => format!("any {}", part.entity_type),
                };
                let entries = entries
                    .iter()
                    .map(|entry| entry.entity.iter().map(of).collect::<Vec<_>>().join("+"));
                let mut entries: Vec<String> = entries.collect();
                entries.sort();
                entries.join(", ")
            }
            Err((error, text)) => format!("{}: {text}", error.name()),
        }
    }

    /// What Apache Kafka 4.3.1 answers for the same quotas.
    #[test]
    fn filters_find_what_they_find_in_apache_kafka() {
        let user = [("user", 2, None)];
        let all = ask(&[], false);
        assert_eq!(all.split(", ").count(), 8);
        assert_eq!(ask(&[], true), "");
        assert_eq!(
            ask(&[("user", 0, Some("alice"))], false),
            "client-id=app+user=alice, user=alice"
        );
        assert_eq!(ask(&[("user", 0, Some("alice"))], true), "user=alice");
        assert_eq!(ask(&[("user", 0, Some("nobody"))], false), "");
        assert_eq!(ask(&[("user", 0, Some(""))], false), "");
        assert_eq!(ask(&[("user", 1, None)], false), "any user, client-id=app+any user");
        assert_eq!(ask(&user, true), "any user, user=alice");
        assert_eq!(
            ask(&user, false),
            "any user, client-id=app+any user, client-id=app+user=alice, user=alice"
        );
        assert_eq!(
            ask(&[("user", 2, None), ("client-id", 0, Some("app"))], true),
            "client-id=app+any user, client-id=app+user=alice"
        );
        assert_eq!(
            ask(&[("user", 0, Some("alice")), ("client-id", 2, None)], false),
            "client-id=app+user=alice"
        );
        assert_eq!(ask(&[("ip", 2, None)], true), "any ip, ip=10.0.0.1");
        assert_eq!(ask(&[("ip", 1, None)], false), "any ip");
    }

    #[test]
    fn filters_are_refused_in_the_words_of_apache_kafka() {
        let twice = "INVALID_REQUEST: Entity type user cannot appear more than once in the filter.";
        let both = "INVALID_REQUEST: Invalid entity filter component combination. IP filter \
                    component should not be used with user or clientId filter component.";
        let cases: [(&[Component], &str); 9] = [
            (&[("ip", 2, None), ("user", 2, None)], both),
            (&[("group", 0, Some("g"))], "UNSUPPORTED_VERSION: Unsupported entity type group"),
            (&[("", 2, None)], "INVALID_REQUEST: Invalid empty entity type."),
            (
                &[("user", 0, None)],
                "INVALID_REQUEST: Request specified MATCH_TYPE_EXACT, but set match string to null.",
            ),
            (
                &[("user", 1, Some("x"))],
                "INVALID_REQUEST: Request specified MATCH_TYPE_DEFAULT, but also specified a match \
                 string.",
            ),
            (
                &[("user", 2, Some("x"))],
                "INVALID_REQUEST: Request specified MATCH_TYPE_SPECIFIED, but also specified a \
                 match string.",
            ),
            (&[("user", -1, Some("x"))], "INVALID_REQUEST: Unknown match type -1"),
            (&[("user", 2, None), ("user", 2, None)], twice),
            (&[("user", 0, Some("alice")), ("user", 9, None)], twice),
        ];
        for (components, refusal) in cases {
            assert_eq!(ask(components, false), refusal);
        }
    }
}
