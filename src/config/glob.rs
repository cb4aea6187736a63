//! Patterns for directories and for git remotes.

use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

use super::Env;
use super::error::Trouble;

/// A glob over absolute paths or over remotes. `*` stays inside one segment, `**` does not, and `x/**` is `x` too:
/// whoever writes `~/work/acme/**` means sessions in that directory itself as well.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    matchers: Vec<GlobMatcher>,
}

impl Pattern {
    /// A pattern for directories; `~` is home.
    ///
    /// # Errors
    /// If it is no glob over absolute paths.
    pub fn path(text: &str, env: &Env) -> Result<Self, Trouble> {
        let full = env.expand(text);
        let full = full.to_str().filter(|full| full.starts_with('/'));
        let full = full.ok_or(Trouble::Expected("a glob over absolute paths, such as \"~/work/acme/**\""))?;
        Self::compile(full, false)
    }

    /// A pattern for remotes as `repo` writes them: `github.com/acme/api`.
    pub(super) fn remote(text: &str) -> Result<Self, Trouble> {
        let text = text.trim().trim_end_matches('/');
        let written_as_url = text.contains("://") || text.contains('@') || text.contains(':');
        if text.is_empty() || written_as_url || text.ends_with(".git") {
            return Err(Trouble::Expected(
                "a remote without scheme, user and .git, such as \"github.com/acme/*\"",
            ));
        }
        // Hosts have no case, and the great forges ignore it in the rest too.
        Self::compile(text, true)
    }

    fn compile(text: &str, any_case: bool) -> Result<Self, Trouble> {
        let text = if text.len() > 1 { text.trim_end_matches('/') } else { text };
        let build = |text: &str| {
            GlobBuilder::new(text)
                .literal_separator(true)
                .backslash_escape(true)
                .case_insensitive(any_case)
                .build()
                .map(|glob| glob.compile_matcher())
                .map_err(|error| Trouble::Glob(error.kind().to_string()))
        };
        let mut matchers = vec![build(text)?];
        if let Some(itself) = text.strip_suffix("/**").filter(|itself| !itself.is_empty()) {
            matchers.push(build(itself)?);
        }
        Ok(Self { text: text.to_owned(), matchers })
    }

    /// Whether the pattern matches the whole of `path`.
    #[must_use]
    pub fn matches(&self, path: impl AsRef<Path>) -> bool {
        self.matchers.iter().any(|matcher| matcher.is_match(path.as_ref()))
    }

    /// Whether it matches `path` or anything above it. Exclusion is tested so: what was meant to stay private must not
    /// leave because the pattern lacks its `/**`.
    #[must_use]
    pub fn matches_within(&self, path: impl AsRef<Path>) -> bool {
        path.as_ref().ancestors().any(|above| self.matches(above))
    }

    /// The pattern, with home in place of `~`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The deepest directory that holds everything the pattern can match: what to watch for it.
    #[must_use]
    pub fn root(&self) -> PathBuf {
        let plain = |segment: &&str| !segment.contains(['*', '?', '[', '{', '\\']);
        let segments: Vec<&str> = self.text.split('/').collect();
        let kept = segments.iter().copied().take_while(plain).count().min(segments.len() - 1);
        match segments[..kept].join("/") {
            root if root.is_empty() => PathBuf::from("/"),
            root => root.into(),
        }
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Pattern {
        Pattern::path(text, &Env::new("/h", [("", ""); 0])).expect(text)
    }

    #[test]
    fn paths_match_whole_and_by_segment() {
        let cases = [
            ("~/work/acme/**", "/h/work/acme/api/src", true),
            ("~/work/acme/**", "/h/work/acme", true),
            ("~/work/acme/**", "/h/work/acme-old", false),
            ("~/work/acme", "/h/work/acme", true),
            ("~/work/acme/", "/h/work/acme", true),
            ("~/work/acme", "/h/work/acme/api", false),
            ("~/work/*", "/h/work/acme", true),
            ("~/work/*", "/h/work/acme/api", false),
            ("/srv/{a,b}/**", "/srv/b/x", true),
            ("/**", "/anything", true),
        ];
        for (pattern, dir, expected) in cases {
            assert_eq!(path(pattern).matches(dir), expected, "{pattern} {dir}");
        }
        assert!(path("~/private").matches_within("/h/private/deep/er"));
        assert!(!path("~/private").matches_within("/h/private2"));
        assert!(Pattern::path("work/**", &Env::new("/h", [("", ""); 0])).is_err());
        assert!(Pattern::path("/a[", &Env::new("/h", [("", ""); 0])).is_err());
    }

    #[test]
    fn remotes_are_written_as_repo_writes_them() {
        let acme = Pattern::remote("github.com/Acme/*").expect("good");
        assert!(acme.matches("github.com/acme/api"));
        assert!(!acme.matches("github.com/acme/group/api"));
        assert!(!acme.matches("notgithub.com/acme/api"));
        for bad in ["git@github.com:acme/*", "https://github.com/acme/*", "github.com/acme/api.git", ""] {
            assert!(Pattern::remote(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_root_is_what_stands_before_the_first_wildcard() {
        let cases = [
            ("~/.my-agent/sessions/**/*.jsonl", "/h/.my-agent/sessions"),
            ("/a/b.jsonl", "/a"),
            ("/*", "/"),
            ("/a/x*y/z", "/a"),
        ];
        for (pattern, root) in cases {
            assert_eq!(path(pattern).root(), PathBuf::from(root), "{pattern}");
        }
    }
}
