//! The syntax of `.properties` files, as Java's `Properties.load` reads it.
//!
//! A logical line is `key=value`, `key:value` or `key value`; it goes on in the next line after an
//! odd number of backslashes. `#` and `!` start a comment. `\t`, `\n`, `\r`, `\f` and `\uXXXX` are
//! escapes; any other escaped character stands for itself.

/// One logical line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    /// What stands before the separator.
    pub name: String,
    /// What stands after it, including blanks at the end.
    pub value: String,
    /// The line it starts in, from 1.
    pub line: usize,
}

/// A file that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: malformed \\uxxxx encoding")]
pub struct Malformed {
    /// The logical line with the broken escape.
    pub line: usize,
}

/// Reads a file. Text that is not UTF-8 is taken as ISO-8859-1, which is what Java assumes.
///
/// # Errors
/// [`Malformed`] if a `\u` is not followed by four hexadecimal digits.
pub fn parse(bytes: &[u8]) -> Result<Vec<Property>, Malformed> {
    let text = match str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    };
    logical_lines(&text).into_iter().map(|(line, text)| parse_line(&text, line)).collect()
}

/// Joins continued lines; drops empty lines and comments.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (at, natural) in natural_lines(text).enumerate() {
        let content = natural.trim_start_matches(is_blank);
        let (line, mut logical) = match open.take() {
            // once a line has begun, comments and empty lines are part of it
            Some(begun) if !begun.1.is_empty() => begun,
            _ if content.is_empty() || content.starts_with(['#', '!']) => continue,
            _ => (at + 1, String::new()),
        };
        let backslashes = content.len() - content.trim_end_matches('\\').len();
        if backslashes % 2 == 1 {
            logical.push_str(&content[..content.len() - 1]);
            open = Some((line, logical));
        } else {
            logical.push_str(content);
            lines.push((line, logical));
        }
    }
    // Java makes an empty property of a lone backslash at the end; nobody means that
    lines.extend(open.filter(|(_, logical)| !logical.is_empty()));
    lines
}

/// Splits at `\n`, `\r` and `\r\n`.
fn natural_lines(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(['\n', '\r'])
        .scan(false, |after_return, piece| {
            let is_rest = *after_return && piece == "\n";
            *after_return = piece.ends_with('\r');
            Some((is_rest, piece))
        })
        .filter(|(is_rest, _)| !is_rest)
        .map(|(_, piece)| piece.trim_end_matches(['\n', '\r']))
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\x0c')
}

fn parse_line(logical: &str, line: usize) -> Result<Property, Malformed> {
    let mut escaped = false;
    let is_end = |c: char| {
        let ends = !escaped && (is_blank(c) || matches!(c, '=' | ':'));
        escaped = c == '\\' && !escaped;
        ends
    };
    let end = logical.find(is_end).unwrap_or(logical.len());
    let (name, rest) = logical.split_at(end);
    let rest = rest.trim_start_matches(is_blank);
    let value = rest.strip_prefix(['=', ':']).unwrap_or(rest).trim_start_matches(is_blank);
    let unescape = |text| unescape(text).ok_or(Malformed { line });
    Ok(Property { name: unescape(name)?, value: unescape(value)?, line })
}

/// Resolves escapes; none if one is malformed.
fn unescape(text: &str) -> Option<String> {
    if !text.contains('\\') {
        return Some(text.to_owned());
    }
    // escapes are UTF-16 units: two of them may form one character
    let mut units = Vec::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let resolved = match c {
            '\\' => match rest.next()? {
                'u' => {
                    units.push(unicode_escape(&mut rest)?);
                    continue;
                }
                't' => '\t',
                'n' => '\n',
                'r' => '\r',
                'f' => '\x0c',
                other => other,
            },
            plain => plain,
        };
        units.extend_from_slice(resolved.encode_utf16(&mut [0; 2]));
    }
    Some(String::from_utf16_lossy(&units))
}

fn unicode_escape(rest: &mut std::str::Chars<'_>) -> Option<u16> {
    let mut unit = 0;
    for _ in 0..4 {
        unit = unit << 4 | rest.next()?.to_digit(16)?;
    }
    u16::try_from(unit).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        let properties = parse(text.as_bytes()).unwrap();
        properties.into_iter().map(|property| (property.name, property.value)).collect()
    }

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str)]) {
        let expected: Vec<_> =
            expected.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
        assert_eq!(pairs(text), expected, "{text:?}");
    }

    #[test]
    fn separators_are_equals_colon_or_blank() {
        check("a=b", &[("a", "b")]);
        check("a:b", &[("a", "b")]);
        check("a b", &[("a", "b")]);
        check("  a \t=  b c ", &[("a", "b c ")]);
        check("a = = b", &[("a", "= b")]);
        check("listeners=PLAINTEXT://:9092", &[("listeners", "PLAINTEXT://:9092")]);
        check("a", &[("a", "")]);
        check("=b", &[("", "b")]);
    }

    #[test]
    fn comments_and_empty_lines_do_not_count() {
        check("# a=b\n  ! c=d\n\n \t\ne=f#g", &[("e", "f#g")]);
    }

    #[test]
    fn a_backslash_continues_the_line() {
        check("a=b,\\\n   c,\\\r\n\td\ne=f", &[("a", "b,c,d"), ("e", "f")]);
        check("a=b\\\\\nc=d", &[("a", "b\\"), ("c", "d")]);
        check("a=b\\\n# c", &[("a", "b# c")]);
        check("a=b\\\n\nc=d", &[("a", "b"), ("c", "d")]);
        check("a=b\\", &[("a", "b")]);
        check("\\\n# a=b\nc=d", &[("c", "d")]);
        check("\\", &[]);
    }

    #[test]
    fn escapes_are_resolved_in_names_and_values() {
        check("a\\ b\\=c=\\td\\u00e9\\q", &[("a b=c", "\tdéq")]);
        check("a=\\uD83D\\uDE00", &[("a", "😀")]);
        assert_eq!(parse(b"a=b\nc=\\u12"), Err(Malformed { line: 2 }));
        assert_eq!(parse(b"c=\\u12g4"), Err(Malformed { line: 1 }));
    }

    #[test]
    fn any_line_end_counts_once() {
        check("a=1\rb=2\r\nc=3\n\nd=4", &[("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")]);
        assert_eq!(parse(b"a=1\r\nb=2\n").unwrap()[1].line, 2);
    }

    #[test]
    fn utf8_and_latin1_are_told_apart() {
        check("a=é", &[("a", "é")]);
        assert_eq!(parse(b"a=\xe9").unwrap()[0].value, "é");
    }
}
