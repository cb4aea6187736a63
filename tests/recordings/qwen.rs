//! Qwen Code.

use crate::home::{Home, copy, fixtures};
use crate::keito::Keito;
use crate::others::Agent;
use crate::report::{Count, counts_where};

static RECORDED: Agent =
    Agent { folder: "qwen/0.24.4", scenarios: 9, logs: ".qwen", model: None, side: true };

#[test]
fn qwen_0_24_4_is_counted_to_the_token() {
    RECORDED.check();
}

#[test]
fn background_work_is_counted_and_twins_are_not() {
    let keito = Keito::start();
    let home = Home::new(&keito.origin);
    copy(&fixtures("qwen/lantern"), &home.path().join(".qwen"));
    let log = "projects/-tmp-qwentest/chats/69f0814a-8bfc-4c8e-93d3-05757f17b96f.jsonl";
    copy(&fixtures("qwen/splitrail-qwen_code.jsonl"), &home.path().join(".qwen").join(log));
    home.says(&["run", "--once"]);
    let count = |requests, input, cache_read, output| Count {
        requests,
        input,
        cache_read,
        output,
        ..Count::default()
    };
    // Totals of the agent's own usage_record.jsonl for the first two; the third answers twice under one id.
    let wanted = [
        ("a719f84a-209d-406a-8e6c-dc671c9c0192", "qwen3:0.6b", count(3, 6150, 0, 884)),
        ("c190cd9d-544a-49d6-ab6c-f38d501ca4b8", "qwen3:0.6b", count(4, 8200, 0, 1375)),
        ("69f0814a-8bfc-4c8e-93d3-05757f17b96f", "coder-model", count(2, 1050, 50, 25)),
    ];
    let wanted = wanted.map(|(session, model, count)| ((session.to_owned(), model.to_owned()), count));
    assert_eq!(counts_where(&home, |_| true), wanted.into());
}
