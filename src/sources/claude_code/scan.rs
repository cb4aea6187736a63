//! A walk over the top level of a JSON object, by bytes: which lines are worth a parser.
//!
//! Most bytes of a session log are in lines that hold no fact (prompt snapshots, request bodies, file snapshots). They
//! are told by their top-level `type`, which is found here without building or validating anything.

use std::sync::LazyLock;

use memchr::memmem::Finder;

/// One member of the top-level object: raw key and raw value, as they stand in the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Member<'a> {
    pub(super) key: &'a [u8],
    pub(super) value: &'a [u8],
    /// Where the value starts in the line.
    pub(super) start: usize,
}

/// The line is no JSON object, as far as this walk can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken;

/// The members of a line's top-level object, in their order.
pub(super) struct Members<'a> {
    bytes: &'a [u8],
    at: usize,
    open: bool,
}

impl<'a> Members<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, open: false }
    }

    fn step(&mut self) -> Option<Option<Member<'a>>> {
        let opener = if self.open { b',' } else { b'{' };
        let first = !self.open;
        let mut at = blank(self.bytes, self.at);
        match self.bytes.get(at)? {
            b'}' if self.open => return Some(None),
            byte if *byte == opener => at = blank(self.bytes, at + 1),
            _ => return None,
        }
        self.open = true;
        if first && self.bytes.get(at) == Some(&b'}') {
            return Some(None);
        }
        if self.bytes.get(at) != Some(&b'"') {
            return None;
        }
        let key_end = string_end(self.bytes, at + 1)?;
        let key = self.bytes.get(at + 1..key_end)?;
        at = blank(self.bytes, key_end + 1);
        if self.bytes.get(at) != Some(&b':') {
            return None;
        }
        let start = blank(self.bytes, at + 1);
        let end = value_end(self.bytes, start)?;
        self.at = end;
        Some(Some(Member { key, value: self.bytes.get(start..end)?, start }))
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = Result<Member<'a>, Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.step() {
            Some(member) => member.map(Ok),
            None => Some(Err(Broken)),
        }
    }
}

/// The first byte at or after `at` that is no JSON white space.
fn blank(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
        at += 1;
    }
    at
}

/// The closing quote of the string whose text starts at `at`.
fn string_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

/// One past the value that starts at `at`. Depth is counted, not recursed into: a line may nest without bound.
fn value_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    match bytes.get(at)? {
        b'"' => Some(string_end(bytes, at + 1)? + 1),
        b'{' | b'[' => {
            let mut depth = 0usize;
            loop {
                match bytes.get(at)? {
                    b'"' => at = string_end(bytes, at + 1)?,
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => depth -= 1,
                    _ => {}
                }
                at += 1;
                if depth == 0 {
                    return Some(at);
                }
            }
        }
        _ => {
            while !matches!(bytes.get(at)?, b',' | b'}' | b']' | b' ' | b'\t' | b'\r') {
                at += 1;
            }
            Some(at)
        }
    }
}

static ASSISTANT: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(br#""type":"assistant""#));
static USER: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(br#""type":"user""#));
static USAGE: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(br#""usage""#));
static QUOTA: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(br#""quotaLimits":"#));
static TURN: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(b"turn_duration"));

/// Whether a line can hold a fact or a defect, so that it must be parsed.
///
/// A line is passed over only when its top-level type is known and holds no facts (`attachment`, `api-request-blob`,
/// `file-history-snapshot`, `last-prompt`, `cost-state`, `summary`, … and any type yet unknown),
/// and only if no record stands unquoted inside it: a line torn by a crash may have the next one glued to it.
pub(super) fn is_worth_parsing(line: &[u8]) -> bool {
    let holds = |finder: &Finder<'_>| finder.find(line).is_some();
    // A quota may stand on a record of any type; inside a text its quotes are escaped.
    let glued = || holds(&ASSISTANT) || holds(&USER) || holds(&QUOTA);
    match top_level_type(line) {
        Ok(Some(b"user" | b"assistant" | b"permission-mode" | b"queue-operation")) | Err(Broken) => true,
        Ok(Some(b"system")) => holds(&TURN) || glued(),
        Ok(Some(b"progress")) => holds(&USAGE) || glued(),
        Ok(Some(_)) => glued(),
        Ok(None) => holds(&USAGE) || holds(&QUOTA),
    }
}

fn top_level_type(line: &[u8]) -> Result<Option<&[u8]>, Broken> {
    for member in Members::new(line) {
        let member = member?;
        if member.key == b"type" && member.value.first() == Some(&b'"') {
            return Ok(Some(&member.value[1..member.value.len() - 1]));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_is_that_of_the_top_level() {
        let cases: &[(&str, Result<Option<&str>, Broken>)] = &[
            (r#"{"type":"mode","mode":"normal"}"#, Ok(Some("mode"))),
            (r#" { "a" : [1,{"type":"user"}] , "type" : "x" } "#, Ok(Some("x"))),
            (
                r#"{"attachment":{"type":"prompt_snapshot","t":"\"}{"},"type":"attachment"}"#,
                Ok(Some("attachment")),
            ),
            (r#"{"text":"\\","type":"a"}"#, Ok(Some("a"))),
            (r#"{"n":1,"b":true,"z":null,"type":"a"}"#, Ok(Some("a"))),
            ("{}", Ok(None)),
            (r#"{"message":{"type":"message"}}"#, Ok(None)),
            (r#"{"type":7}"#, Ok(None)),
            ("[]", Err(Broken)),
            (r#"{"a":"cut"#, Err(Broken)),
            (r#"{"a":[1,2"#, Err(Broken)),
            (r#"{"a":1"#, Err(Broken)),
            (r#"{"a" 1}"#, Err(Broken)),
            ("\0\0\0", Err(Broken)),
            ("", Err(Broken)),
        ];
        for (line, expected) in cases {
            let expected = expected.map(|kind| kind.map(str::as_bytes));
            assert_eq!(top_level_type(line.as_bytes()), expected, "{line}");
        }
        let deep = format!("{{\"a\":{}{},\"type\":\"b\"}}", "[".repeat(200_000), "]".repeat(200_000));
        assert_eq!(top_level_type(deep.as_bytes()), Ok(Some(&b"b"[..])));
    }

    #[test]
    fn lines_are_passed_over_only_when_they_cannot_hold_a_fact() {
        let cases = [
            (r#"{"type":"assistant"}"#, true),
            (r#"{"type":"permission-mode","permissionMode":"plan"}"#, true),
            (r#"{"type":"last-prompt","lastPrompt":"say \"type\":\"assistant\" \"usage\""}"#, false),
            (r#"{"attachment":{"type":"prompt_snapshot"},"type":"attachment"}"#, false),
            (r#"{"type":"queue-operation","operation":"dequeue"}"#, true),
            (r#"{"type":"system","subtype":"api_error"}"#, false),
            (r#"{"type":"system","subtype":"turn_duration"}"#, true),
            (r#"{"type":"progress","data":{"type":"hook_progress"}}"#, false),
            (r#"{"type":"progress","data":{"message":{"message":{"usage":{}}}}}"#, true),
            (r#"{"type":"later-invention","usage":{}}"#, false),
            (r#"{"message":{"usage":{}}}"#, true),
            (r#"{"note":1}"#, false),
            (r#"{"type":"later-invention","quotaLimits":{}}"#, true),
            (r#"{"type":"last-prompt","lastPrompt":"\"quotaLimits\":{}"}"#, false),
            (r#"{"type":"last-prompt","lastPrompt":"cut{"parentUuid":null,"type":"assistant"}"#, true),
            ("not json", true),
        ];
        for (line, expected) in cases {
            assert_eq!(is_worth_parsing(line.as_bytes()), expected, "{line}");
        }
    }
}
