//! opencode and Kilo CLI.

use crate::database;
use crate::home::{Home, copy, fixtures};
use crate::keito::Keito;
use crate::others::Agent;
use crate::report::{Count, counts_where};

static RECORDED: Agent = Agent {
    folder: "opencode/1.18.33",
    scenarios: 9,
    logs: ".local/share/opencode",
    model: None,
    side: false,
};

static KILO: Agent =
    Agent { folder: "kilo/7.7.7", scenarios: 8, logs: ".local/share/kilo", model: None, side: false };

#[test]
fn opencode_1_18_33_is_counted_to_the_token() {
    RECORDED.check();
}

#[test]
fn kilo_7_7_7_is_counted_to_the_token() {
    KILO.check();
}

fn count(tokens: [u64; 4], lower_bounds: u64) -> Count {
    let [input, cache_read, cache_write_5m, output] = tokens;
    Count { requests: 1, lower_bounds, input, cache_read, cache_write_5m, output, ..Count::default() }
}

#[test]
fn sessions_of_1_18_13_agree_with_the_programs_own_totals() {
    let keito = Keito::start();
    let home = Home::new(&keito.origin);
    let data = home.path().join(".local/share/opencode");
    let _writer =
        database::load(&fixtures("opencode/lantern/opencode-1.18.13.sql"), &data.join("opencode-dev.db"));
    home.says(&["run", "--once"]);
    let wanted = [
        ("ses_03156b771ffeANj3CiDnYkqmmr", count([2050, 0, 0, 163], 0)),
        ("ses_031559a74ffe4reBgr5U6MnTO4", count([2050, 0, 0, 867], 0)),
        ("ses_031541bf9ffeMiy2LOFii47rch", Count { requests: 2, ..count([4100, 0, 0, 955], 0) }),
    ];
    let wanted = wanted.map(|(session, count)| ((session.to_owned(), "qwen3:0.6b".to_owned()), count));
    assert_eq!(counts_where(&home, |_| true), wanted.into());
}

#[test]
fn documents_of_older_versions_are_read_and_one_that_is_cut_costs_nothing_else() {
    let keito = Keito::start();
    let home = Home::new(&keito.origin);
    let data = home.path().join(".local/share/opencode");
    for tree in ["lantern/storage-json", "toktrack", "tokscale"] {
        copy(&fixtures("opencode").join(tree), &data);
    }
    home.says(&["run", "--once"]);
    let wanted = [
        ("ses_01", "claude-sonnet-4-5", count([5120, 4096, 0, 240], 0)),
        ("ses_02", "gpt-5", count([800, 0, 0, 120], 1)),
        ("ses_03", "claude-sonnet-4-5", count([400, 0, 0, 60], 1)),
        ("ses_test", "claude-sonnet-4-20250514", Count { requests: 2, ..count([3000, 300, 150, 1450], 2) }),
        ("test-project", "claude-3-5-sonnet-20241022", count([1000, 200, 100, 500], 0)),
    ];
    let wanted = wanted.map(|(session, model, count)| ((session.to_owned(), model.to_owned()), count));
    assert_eq!(counts_where(&home, |_| true), wanted.into());
}
