//! Just enough of Rust's grammar to tell code from strings, comments and tests.

/// A Rust file seen two ways; lines and columns are those of the file.
#[derive(Debug)]
pub struct RustText {
    /// Comments, strings, characters and `#[cfg(test)]` items are spaces.
    pub code: String,
    /// Comments and `#[cfg(test)]` items are spaces.
    pub with_strings: String,
}

impl RustText {
    /// Reads a file's text.
    pub fn new(text: &str) -> Self {
        let (code, with_strings) = blank(text);
        let tests = test_items(&code);
        let cut = |text: String| {
            let mut bytes = text.into_bytes();
            for range in &tests {
                for byte in &mut bytes[range.clone()] {
                    if *byte != b'\n' {
                        *byte = b' ';
                    }
                }
            }
            String::from_utf8(bytes).unwrap()
        };
        Self { code: cut(code), with_strings: cut(with_strings) }
    }
}

/// A module that is declared for tests only: `#[cfg(test)] mod name;`.
#[derive(Debug, PartialEq)]
pub struct TestModule {
    /// Its name.
    pub name: String,
    /// What `#[path = "…"]` says.
    pub path: Option<String>,
}

/// The modules that a file declares for tests only.
pub fn test_modules(text: &str) -> Vec<TestModule> {
    let (code, with_strings) = blank(text);
    let declared = regex::Regex::new(r"\bmod\s+(\w+)\s*;").unwrap();
    let placed = regex::Regex::new(r#"#\[path\s*=\s*"([^"]+)"\]"#).unwrap();
    let module = |range: std::ops::Range<usize>| {
        let name = declared.captures(&code[range.clone()])?[1].to_owned();
        let path = placed.captures(&with_strings[range]).map(|found| found[1].to_owned());
        Some(TestModule { name, path })
    };
    test_items(&code).into_iter().filter_map(module).collect()
}

/// What a byte belongs to.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Code,
    Text,
    Comment,
}

fn blank(text: &str) -> (String, String) {
    let parts = parts(text.as_bytes());
    let keep = |keeps: fn(Part) -> bool| {
        let bytes = text.bytes().zip(&parts);
        let kept = bytes.map(|(byte, part)| if byte == b'\n' || keeps(*part) { byte } else { b' ' });
        String::from_utf8(kept.collect()).unwrap()
    };
    (keep(|part| part == Part::Code), keep(|part| part != Part::Comment))
}

fn parts(bytes: &[u8]) -> Vec<Part> {
    let mut parts = Vec::with_capacity(bytes.len());
    while parts.len() < bytes.len() {
        let rest = &bytes[parts.len()..];
        let in_word = parts.len().checked_sub(1).is_some_and(|before| is_word(bytes[before]));
        let (part, length) = match rest {
            [b'/', b'/', ..] => (Part::Comment, until(rest, |tail| tail[0] == b'\n')),
            [b'/', b'*', ..] => (Part::Comment, block_comment(rest)),
            [b'"', ..] => (Part::Text, quoted(rest)),
            [b'r', b'"' | b'#', ..] if !in_word => raw(rest, 1),
            [b'b' | b'c', b'r', b'"' | b'#', ..] if !in_word => raw(rest, 2),
            [b'\'', ..] => character(rest),
            _ => (Part::Code, 1),
        };
        parts.resize((parts.len() + length).min(bytes.len()), part);
    }
    parts
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn until(bytes: &[u8], end: impl Fn(&[u8]) -> bool) -> usize {
    (0..bytes.len()).find(|at| end(&bytes[*at..])).unwrap_or(bytes.len())
}

fn block_comment(bytes: &[u8]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < bytes.len() {
        match &bytes[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn quoted(bytes: &[u8]) -> usize {
    let mut at = 1;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at + 1
}

/// A raw string after `prefix` letters; `r#name` is an identifier.
fn raw(bytes: &[u8], prefix: usize) -> (Part, usize) {
    let hashes = until(&bytes[prefix..], |tail| tail[0] != b'#');
    let start = prefix + hashes + 1;
    if bytes.get(start - 1) != Some(&b'"') {
        return (Part::Code, prefix);
    }
    let end = [b"\"".as_slice(), &b"#".repeat(hashes)].concat();
    (Part::Text, start + until(&bytes[start..], |tail| tail.starts_with(&end)) + end.len())
}

/// A character, or a lifetime, which is code.
fn character(bytes: &[u8]) -> (Part, usize) {
    let length = match bytes {
        [_, b'\\', _, rest @ ..] => 3 + until(rest, |tail| tail[0] == b'\''),
        [_, first, ..] => 1 + usize::max(1, first.leading_ones() as usize),
        _ => 0,
    };
    if length > 0 && bytes.get(length) == Some(&b'\'') { (Part::Text, length + 1) } else { (Part::Code, 1) }
}

/// Where the `#[cfg(test)]` items are, attribute included.
fn test_items(code: &str) -> Vec<std::ops::Range<usize>> {
    let mut items: Vec<std::ops::Range<usize>> = Vec::new();
    for (start, attribute) in code.match_indices("#[cfg(test)]") {
        if items.last().is_some_and(|last| start < last.end) {
            continue;
        }
        let body = start + attribute.len();
        items.push(start..body + item(&code.as_bytes()[body..]));
    }
    items
}

/// Length of the item that begins here: to its `;` or the end of its braces.
fn item(code: &[u8]) -> usize {
    let mut depth = 0_i32;
    for (at, byte) in code.iter().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' => depth -= 1,
            b'}' => {
                depth -= 1;
                if depth <= 0 {
                    return at + 1;
                }
            }
            b';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    code.len()
}

#[test]
fn strings_comments_and_tests_are_no_code() {
    let cases = [
        ("a // x\nb", "a\nb", "a\nb"),
        ("a /* x /* y */ z */ b", "a b", "a b"),
        (r#"a("x \" y", b)"#, "a( , b)", r#"a("x \" y", b)"#),
        (r##"a(r#"x " y"#, b)"##, "a( , b)", r##"a(r#"x " y"#, b)"##),
        (r#"a(br"x\", b)"#, "a( , b)", r#"a(br"x\", b)"#),
        ("r#type + b", "r#type + b", "r#type + b"),
        (r"f('\'', '/', 'é', '\u{1F}', x)", "f( , , , , x)", r"f('\'', '/', 'é', '\u{1F}', x)"),
        ("fn f<'a>(x: &'a str) // '", "fn f<'a>(x: &'a str)", "fn f<'a>(x: &'a str)"),
        ("a\n#[cfg(test)]\nmod tests { fn f() { x() } }\nb", "a\nb", "a\nb"),
        ("#[cfg(test)]\nmod tests;\nb", "b", "b"),
        (
            "#[cfg(test)]\n#[path = \"x\"]\nmod tests;\nfn f(a: [u8; 3]) {}",
            "fn f(a: [u8; 3]) {}",
            "fn f(a: [u8; 3]) {}",
        ),
        ("#[cfg(not(test))]\nb", "#[cfg(not(test))]\nb", "#[cfg(not(test))]\nb"),
    ];
    // Runs of blanks are one, empty lines none.
    let squeeze = |text: &str| {
        let lines =
            text.lines().map(|line| line.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>());
        lines.filter(|words| !words.is_empty()).map(|words| words.join(" ")).collect::<Vec<_>>().join("\n")
    };
    for (text, code, with_strings) in cases {
        let read = RustText::new(text);
        assert_eq!(squeeze(&read.code), squeeze(code), "code of {text}");
        assert_eq!(squeeze(&read.with_strings), squeeze(with_strings), "strings of {text}");
        assert_eq!((read.code.len(), read.with_strings.len()), (text.len(), text.len()), "columns of {text}");
    }
}

#[test]
fn modules_for_tests_are_known_by_their_declaration() {
    let text = "mod a;\n#[cfg(test)]\nmod b;\n#[cfg(test)]\n#[path = \"x.rs\"]\npub(crate) mod c;\nmod d;";
    let module =
        |name: &str, path: Option<&str>| TestModule { name: name.into(), path: path.map(Into::into) };
    assert_eq!(test_modules(text), [module("b", None), module("c", Some("x.rs"))]);
}
