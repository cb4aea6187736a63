//! Bad lines, and lines that only look bad.

use super::*;
use crate::model::RejectReason;

fn reject_of(line: &[u8]) -> Option<(u64, u64, RejectReason)> {
    let facts = decode_in(&mut Context::default(), &[line, b"\n"].concat(), 0);
    assert_eq!(facts.lines, 1);
    facts.rejects.first().map(|reject| (reject.offset, reject.length, reject.reason))
}

#[test]
fn bad_lines_are_told_by_place_and_reason() {
    let no_instant = r#"{"type":"assistant","sessionId":"s","message":{"usage":{}}}"#;
    let cases: [(&[u8], Option<RejectReason>); 20] = [
        (b"", None),
        (b"  \t", None),
        (b"\r", None),
        (b"not json", Some(RejectReason::NotJson)),
        (br#"{"type":"user","message":{"content":"more"#, Some(RejectReason::NotJson)),
        (b"\0\0\0\0", Some(RejectReason::Nul)),
        (b"{\"type\":\"user\",\"a\":\"\0\"}", Some(RejectReason::Nul)),
        (b"{\"type\":\"user\",\"a\":\"\xff\"}", Some(RejectReason::NotUtf8)),
        (b"{\"type\":\"user\",\"a\":\"\xff\0\"}", Some(RejectReason::Nul)),
        (b"[]", Some(RejectReason::Shape)),
        (b"7", Some(RejectReason::Shape)),
        (no_instant.as_bytes(), Some(RejectReason::NoInstant)),
        (br#"{"type":"assistant","sessionId":"s","timestamp":"soon","message":{"usage":{}}}"#, Some(RejectReason::NoInstant)),
        (br#"{"type":"assistant","sessionId":"s","timestamp":"2026-11-21T10:00:00Z","message":{"usage":7}}"#, Some(RejectReason::Shape)),
        (br#"{"type":"assistant","sessionId":"s","timestamp":"2026-11-21T10:00:00Z","message":"hi"}"#, Some(RejectReason::Shape)),
        (br#"{"type":"user","sessionId":"s","message":{"content":"hi"}}"#, Some(RejectReason::NoInstant)),
        (br#"{"type":"user","sessionId":"s","isMeta":true,"message":{"content":"hi"}}"#, None),
        (br#"{"type":"later-invention","usage":7}"#, None),
        (br#"{"type":"file-history-snapshot","snapshot":{}}"#, None),
        // A torn line with the next one glued to it is not passed over by the first one's type.
        (br#"{"type":"last-prompt","lastPrompt":"abc{"parentUuid":null,"type":"assistant","message":{}}"#, Some(RejectReason::NotJson)),
    ];
    for (line, expected) in cases {
        let expected = expected.map(|reason| (0, line.len() as u64, reason));
        assert_eq!(reject_of(line), expected, "{}", String::from_utf8_lossy(line));
    }
    let facts = decode_in(&mut Context::default(), format!("\n{no_instant}\n").as_bytes(), 40);
    assert_eq!((facts.lines, facts.rejects[0].offset), (2, 41));
}

#[test]
fn a_record_glued_to_a_torn_front_is_read_and_the_front_rejected() {
    let plain = assistant(r#","uuid":"u1""#, r#","id":"m1","model":"m","usage":{"output_tokens":7}"#)
        .replacen('{', r#"{"parentUuid":null,"#, 1);
    let expected = show(&decode(&plain));
    let fronts = [
        (r#"{"type":"last-prompt","lastPrompt":"ab"#, RejectReason::NotJson),
        (r#"{"parentUuid":null,"type":"assistant","message":{"usage":{"#, RejectReason::NotJson),
        ("\0\0\0", RejectReason::Nul),
    ];
    for (front, reason) in fronts {
        let mut facts = decode(&format!("{front}{plain}"));
        assert_eq!(facts.rejects.len(), 1, "{front}");
        assert_eq!(facts.rejects.remove(0).reason, reason);
        assert_eq!(show(&facts), expected, "{front}");
    }
}

#[test]
fn harmless_oddities_do_not_cost_a_line() {
    let plain = assistant(r#","uuid":"u1""#, r#","id":"m1","model":"m","usage":{"output_tokens":7}"#);
    let line = plain.trim_end();
    let odd = [
        format!("{line}\r\n"),
        format!("\u{feff}{line}\n"),
        format!("  {line}  \n"),
        line.replacen('{', r#"{"uuid":"u0","#, 1) + "\n",
        line.replacen('{', r#"{"note":"cut \ud83d","toolUseResult":"\ud83d","#, 1) + "\n",
        line.replacen(
            '{',
            r#"{"gitBranch":7,"permissionDecision":"x","origin":[],"isMeta":"yes","data":1,"#,
            1,
        ) + "\n",
        line.replacen('{', &format!(r#"{{"deep":{}{},"#, "[".repeat(100_000), "]".repeat(100_000)), 1) + "\n",
        line.replace(
            r#""usage":{"#,
            r#""content":"cut \ude00","usage":{"iterations":[7,null,[]],"cache_creation":null,"#,
        ) + "\n",
        line.replace(r#"{"type":"assistant","#, "{") + "\n",
    ];
    let expected = show(&decode(&plain));
    for text in odd {
        let seen = &decode(&text);
        assert_eq!((seen.sightings.len(), seen.rejects.len()), (1, 0), "{}", &text[..text.len().min(300)]);
        assert_eq!(show(seen), expected, "{}", &text[..text.len().min(300)]);
    }
}
