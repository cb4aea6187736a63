//! Is there a category for expenses?

use super::{Blame, Finding, Room};

pub(super) fn check(room: &Room<'_>) -> Vec<Finding> {
    let (Some(config), Some(known)) = (room.config(), room.known()) else { return Vec::new() };
    let name = &config.keito.expense_category;
    vec![match (&config.keito.expense_category_id, &known.category) {
        (Some(id), _) => Finding::ok(format!("{} as the config says", id.as_str())),
        (None, Some(id)) => Finding::ok(format!("\"{name}\" is {}", id.as_str())),
        (None, None) => {
            let seen = format!("Keito shows no category named \"{name}\": expenses are held");
            let remedy = "make it in Keito and book one expense on it, or set keito.expense_category_id";
            Finding::fail(Blame::Config, seen, remedy)
        }
    }]
}
