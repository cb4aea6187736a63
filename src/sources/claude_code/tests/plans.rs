//! Who pays, as far as quota records prove it.

use super::*;
use crate::model::Payer;

#[test]
fn a_quota_tells_plan_from_overage_and_nothing_else_does() {
    let plan = Some(Payer::Subscription);
    let cases = [
        (r#"{"status":"allowed","rateLimitType":"five_hour","isUsingOverage":false}"#, plan),
        (r#"{"status":"allowed_warning","rateLimitType":"seven_day"}"#, plan),
        (r#"{"status":"rejected","rateLimitType":"five_hour","isUsingOverage":true}"#, Some(Payer::Metered)),
        (r#"{"isUsingOverage":true}"#, Some(Payer::Metered)),
        (r#"{"isUsingOverage":false}"#, None),
        (r#"{"rateLimitType":7}"#, None),
        ("{}", None),
        ("null", None),
        ("[1]", None),
        (r#""five_hour""#, None),
    ];
    for (quota, expected) in cases {
        let on_answer = assistant(&format!(r#","quotaLimits":{quota}"#), r#","content":[]"#);
        let alone = format!(
            "{{\"type\":\"quota\",\"sessionId\":\"s\",\"timestamp\":\"{AT}\",\"quotaLimits\":{quota}}}\n"
        );
        for line in [on_answer, alone] {
            let facts = decode(&line);
            assert!(facts.rejects.is_empty(), "{line} {:?}", facts.rejects);
            let found: Vec<Payer> = facts.plans.iter().map(|plan| plan.payer).collect();
            assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{line}");
        }
    }
}

#[test]
fn a_quota_without_an_instant_proves_nothing() {
    let facts = decode(
        "{\"type\":\"quota\",\"sessionId\":\"s\",\"quotaLimits\":{\"rateLimitType\":\"five_hour\"}}\n",
    );
    assert!(facts.plans.is_empty());
}
