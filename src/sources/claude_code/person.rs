//! Who speaks in a `user` record: most of them are not a person.

use super::content::Opening;
use super::wire::Record;
use crate::model::Who;

/// Who closes the gap before a `user` record; `None` if the record is no activity. `answers` says that it holds tool
/// results, and whether one of them is a person's own doing: an answer to a question, a refusal.
///
/// 2.1.329 marks a person (`origin.kind` human, `promptSource` typed, `turnOrigin` human), a program (sdk) and its own
/// background work (system, task notification). Older versions mark none of them, and the text has to tell.
pub(super) fn who(record: &Record<'_>, opening: Opening, answers: Option<bool>) -> Option<Who> {
    if let Some(by_person) = answers {
        return Some(if by_person { Who::Prompt } else { Who::Tool });
    }
    // Nothing extends past proven work: when a person pressed Esc says nothing on how long the agent had worked.
    if opening == Opening::Interrupted || is_for_the_model_only(record) {
        return None;
    }
    if is_notification(record, opening) {
        return Some(Who::Tool);
    }
    // A subagent's first record is its parent's prompt; a prompt typed while the agent is busy is not on its timeline.
    if record.is_sidechain.0 || opening == Opening::Empty || record.prompt_source.is("queued") {
        return None;
    }
    if opening == Opening::BashOutput {
        return Some(Who::Tool);
    }
    let origin = record.origin.get().map(|origin| &origin.kind);
    let is_human = origin.is_some_and(|kind| kind.is("human"))
        || record.prompt_source.is("typed")
        || record.turn_origin.is("human");
    let is_marked = is_human
        || origin.is_some_and(|kind| kind.get().is_some())
        || record.prompt_source.get().is_some()
        || record.turn_origin.get().is_some();
    if opening == Opening::Machine && !is_marked {
        return None;
    }
    let is_program = if is_marked { !is_human } else { is_sdk(record) };
    Some(if is_program || record.session_kind.is("bg") { Who::Script } else { Who::Prompt })
}

/// Caveats, summaries and reminders that stand in the transcript for the model.
fn is_for_the_model_only(record: &Record<'_>) -> bool {
    record.is_meta.0 || record.is_compact_summary.0 || record.is_visible_in_transcript_only.0
}

/// News of the agent's own background work.
fn is_notification(record: &Record<'_>, opening: Opening) -> bool {
    record.prompt_source.is("system")
        || record.turn_origin.is("task_notification")
        || record.origin.get().is_some_and(|origin| origin.kind.is("task-notification"))
        || opening == Opening::Notification
}

/// `-p` and the SDKs; `entrypoint` is there before the other marks are.
fn is_sdk(record: &Record<'_>) -> bool {
    record.entrypoint.get().is_some_and(|entry| entry.starts_with("sdk"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(fields: &str, text: &str) -> Option<Who> {
        let line = format!(r#"{{"type":"user"{fields}}}"#);
        who(&serde_json::from_str(&line).unwrap(), Opening::of(text), None)
    }

    #[test]
    fn the_marks_of_the_newest_version_decide() {
        let typed = r#","origin":{"kind":"human"},"promptSource":"typed","turnOrigin":"human""#;
        let sdk = r#","promptSource":"sdk","turnOrigin":"sdk","entrypoint":"sdk-cli""#;
        let news = r#","origin":{"kind":"task-notification"},"promptSource":"system","turnOrigin":"task_notification""#;
        let cases = [
            (typed, "fix it", Some(Who::Prompt)),
            (typed, "<command-name>/init</command-name>", Some(Who::Prompt)),
            (sdk, "fix it", Some(Who::Script)),
            (news, "<task-notification>", Some(Who::Tool)),
            (r#","promptSource":"system""#, "done", Some(Who::Tool)),
            (r#","origin":{"kind":"human"},"promptSource":"queued""#, "and this", None),
            (r#","turnOrigin":"scheduled""#, "fix it", Some(Who::Script)),
            (r#","turnOrigin":"human""#, "<bash-stdout>x</bash-stdout>", Some(Who::Tool)),
            (r#","sessionKind":"bg""#, "fix it", Some(Who::Script)),
            (r#","isMeta":true,"turnOrigin":"human""#, "caveat", None),
            (r#","isSidechain":true"#, "look right", None),
        ];
        for (fields, text, expected) in cases {
            assert_eq!(judge(fields, text), expected, "{fields} {text}");
        }
    }

    #[test]
    fn without_marks_the_text_decides() {
        let cases = [
            ("", "fix it", Some(Who::Prompt)),
            (r#","entrypoint":"cli""#, "fix it", Some(Who::Prompt)),
            (r#","entrypoint":"claude-desktop""#, "fix it", Some(Who::Prompt)),
            (r#","entrypoint":"sdk-ts""#, "fix it", Some(Who::Script)),
            ("", "<bash-input>ls</bash-input>", Some(Who::Prompt)),
            ("", "<bash-stderr></bash-stderr>", Some(Who::Tool)),
            ("", "<task-notification>", Some(Who::Tool)),
            ("", "<command-name>/clear</command-name>", None),
            (r#","entrypoint":"sdk-cli""#, "<local-command-stdout>Compacted</local-command-stdout>", None),
            ("", "[Request interrupted by user]", None),
            (r#","isCompactSummary":true"#, "This session is continued", None),
            (r#","isVisibleInTranscriptOnly":true"#, "words", None),
            ("", "", None),
        ];
        for (fields, text, expected) in cases {
            assert_eq!(judge(fields, text), expected, "{fields} {text}");
        }
    }
}
