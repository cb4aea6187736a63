//! The category that expenses go to. Keito has no documented list of them, so it is looked for where the daemon does.

use crate::deliver::Outcome;
use crate::keito::{Client, Range};
use crate::model::{CategoryId, Day};

/// 2,000 expenses: the daemon looks through all of them; here a person waits.
const PAGES: u32 = 10;
/// How far back expenses are looked through, days.
const BACK: i32 = 400;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Category {
    /// The one of that name.
    Found(CategoryId),
    /// None in what Keito shows.
    Unseen,
    /// Keito did not answer.
    Unasked,
}

/// Looks for a category by its name: in the list of categories, where there is one, and in the expenses up to `today`.
pub async fn look(client: &Client, name: &str, today: Day) -> Category {
    let is_it =
        |of: Option<&str>| of.is_some_and(|of| of.trim().to_lowercase() == name.trim().to_lowercase());
    if let Outcome::Applied(page) = client.expense_categories().await
        && let Some(id) = page.rows.into_iter().find(|row| is_it(row.name.as_deref())).and_then(|row| row.id)
    {
        return Category::Found(id);
    }
    let from = today.checked_sub(jiff::Span::new().days(BACK)).unwrap_or(today);
    for number in 1..=PAGES {
        let range = Range { from, to: today, user: None, source: None, page: number };
        let Outcome::Applied(page) = client.expenses(&range).await else { return Category::Unasked };
        let found = page.rows.into_iter().find(|row| is_it(row.category_name.as_deref()));
        if let Some(id) = found.and_then(|row| row.category) {
            return Category::Found(id);
        }
        if !page.has_next {
            break;
        }
    }
    Category::Unseen
}
