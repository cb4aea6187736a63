//! The remote of a repository, without anything private.

/// The normalised URL of `origin` in the text of a `.git/config` (`git-config(1)`).
pub(super) fn origin(config: &str) -> Option<String> {
    let mut inside = false;
    for line in config.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            let name = section.split_once(']').map_or(section, |(name, _)| name);
            inside = name
                .split_once(char::is_whitespace)
                .is_some_and(|(kind, sub)| kind.eq_ignore_ascii_case("remote") && sub.trim() == "\"origin\"");
        } else if inside
            && let Some((key, value)) = line.split_once('=')
            && key.trim().eq_ignore_ascii_case("url")
        {
            // Git fetches from the first URL, so that is where the repository comes from.
            return normalise(&unquote(value.trim()));
        }
    }
    None
}

/// The text of a value: quotes and comments cut, escapes resolved.
fn unquote(value: &str) -> String {
    let mut text = String::new();
    let mut quoted = false;
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => quoted = !quoted,
            '\\' => text.extend(chars.next()),
            '#' | ';' if !quoted => break,
            c => text.push(c),
        }
    }
    text.trim().to_owned()
}

/// `github.com/acme/api` of any URL of that repository. User info, port, query, fragment and `.git` are cut. `None` for
/// a path of this machine, and for whatever cannot be taken apart with certainty: half a password is a password too.
#[must_use]
pub fn normalise(url: &str) -> Option<String> {
    let url = url.trim();
    let url = url.split(['?', '#']).next()?;
    let (authority, path) = match url.split_once("://") {
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("file") || scheme.contains(':') => return None,
        Some((_, rest)) => rest.split_once('/')?,
        // scp's form: a colon before the first slash.
        None => {
            let (authority, path) = url.split_once(':')?;
            if authority.contains('/') || path.starts_with("//") || path.starts_with(':') {
                return None;
            }
            (authority, path)
        }
    };
    let host = authority.rsplit('@').next()?;
    let host = match host.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        Some(_) => return None,
        None => host,
    };
    // One letter is a drive of Windows.
    let good_host = host.len() > 1 && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path).trim_end_matches('/');
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let good_path =
        !segments.is_empty() && !path.contains(['@', ':', '\\']) && !path.contains(char::is_control);
    (good_host && good_path).then(|| format!("{}/{}", host.to_ascii_lowercase(), segments.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_url_gives_the_same_name() {
        for url in [
            "https://github.com/acme/api.git",
            "https://github.com/acme/api",
            "https://user:ghp_token@github.com/acme/api.git/",
            "https://GitHub.com:443/acme/api?token=x#y",
            "git@github.com:acme/api.git",
            "github.com:/acme/api",
            "ssh://git@github.com:22/acme/api.git",
            "git://github.com//acme/api",
            "git+ssh://git@github.com/acme/api",
            "https://u:p@ss@github.com/acme/api",
        ] {
            assert_eq!(normalise(url).as_deref(), Some("github.com/acme/api"), "{url}");
        }
        assert_eq!(normalise("git@gl.example:g/sub/x").as_deref(), Some("gl.example/g/sub/x"));
    }

    #[test]
    fn what_is_local_or_doubtful_gives_nothing() {
        for url in [
            "/srv/git/api.git",
            "../api",
            "file:///srv/git/api.git",
            "C:\\work\\api",
            "c:/work/api",
            "https://user:pa/ss@github.com/acme/api",
            "https://token/secret@github.com/acme/api",
            "ext::sh -c secret",
            "codecommit::us-east-1://api",
            "https://github.com",
            "https://github.com/.git",
            "",
        ] {
            assert_eq!(normalise(url), None, "{url}");
        }
    }

    #[test]
    fn origin_is_found_as_git_finds_it() {
        let config = |text: &str| origin(text);
        let api = Some("h.example/a".to_owned());
        assert_eq!(
            config("[core]\n\turl = x\n[remote \"origin\"]\n\turl = https://h.example/a # mine\n"),
            api
        );
        assert_eq!(
            config("[Remote \"origin\"]\nURL=\"https://h.example/a\"\nurl = https://h.example/b"),
            api
        );
        assert_eq!(config("[remote \"origin\"]\npushurl = https://h.example/a"), None);
        assert_eq!(config("[remote \"Origin\"]\nurl = https://h.example/a"), None);
        assert_eq!(config("[remote \"upstream\"]\nurl = https://h.example/a"), None);
    }
}
