//! Counts that logs keep in overlapping classes, told apart.

use super::loose::Count;
use crate::model::Tokens;

/// A class is negative, fractional, absurd or no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bad;

/// A count; one that is absent is zero.
pub(super) fn number(count: Count) -> Result<u64, Bad> {
    match count {
        Count::Absent => Ok(0),
        Count::Is(count) => Ok(count),
        Count::Bad => Err(Bad),
    }
}

/// Counts in which the prompt includes what was read from the cache.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Gross {
    /// The whole prompt.
    pub(super) prompt: Count,
    /// The part of it that was read from the cache.
    pub(super) cached: Count,
    /// The answer.
    pub(super) output: Count,
    /// Reasoning, in the answer or beside it.
    pub(super) thoughts: Count,
    /// All of it, as the log has it.
    pub(super) total: Count,
}

impl Gross {
    /// In disjoint classes, with reasoning logged beside the answer.
    pub(super) fn thoughts_beside(&self) -> Result<Tokens, Bad> {
        self.split(number(self.thoughts)?)
    }

    /// In disjoint classes. Whether reasoning is in the answer or beside it differs by provider, and the total tells: only
    /// where it is the sum of all three are they three.
    pub(super) fn thoughts_by_total(&self) -> Result<Tokens, Bad> {
        let (prompt, output, thoughts) = (number(self.prompt)?, number(self.output)?, number(self.thoughts)?);
        let all = prompt + output + thoughts;
        self.split(if matches!(self.total, Count::Is(total) if total == all) { thoughts } else { 0 })
    }

    fn split(&self, beside: u64) -> Result<Tokens, Bad> {
        let (prompt, cache_read) = (number(self.prompt)?, number(self.cached)?);
        let output = number(self.output)? + beside;
        Ok(Tokens {
            input: prompt.checked_sub(cache_read).ok_or(Bad)?,
            cache_read,
            output,
            reasoning: number(self.thoughts)?.min(output),
            ..Tokens::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_tells_where_reasoning_is() {
        let gross = |output, thoughts, total| Gross {
            prompt: Count::Is(100),
            cached: Count::Is(40),
            output: Count::Is(output),
            thoughts: Count::Is(thoughts),
            total,
        };
        let cases = [
            (gross(30, 10, Count::Is(130)), (30, 10)),
            (gross(30, 10, Count::Is(140)), (40, 10)),
            (gross(30, 10, Count::Absent), (30, 10)),
            (gross(30, 0, Count::Is(130)), (30, 0)),
        ];
        for (gross, (output, reasoning)) in cases {
            let tokens = gross.thoughts_by_total().unwrap();
            assert_eq!((tokens.input, tokens.cache_read), (60, 40));
            assert_eq!((tokens.output, tokens.reasoning), (output, reasoning), "{gross:?}");
        }
        assert_eq!(gross(30, 10, Count::Is(7)).thoughts_beside().unwrap().output, 40);
    }

    #[test]
    fn more_cached_than_asked_is_bad() {
        let gross = Gross { prompt: Count::Is(1), cached: Count::Is(2), ..Gross::default() };
        assert_eq!(gross.thoughts_beside(), Err(Bad));
        assert_eq!(Gross { thoughts: Count::Bad, ..Gross::default() }.thoughts_by_total(), Err(Bad));
    }
}
