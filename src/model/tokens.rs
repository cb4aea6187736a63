//! Token counts in disjoint classes.

/// Tokens of a request or of a sum of requests. The classes are disjoint but for `reasoning`, which is a part of
/// `output` and only informs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Tokens {
    /// Prompt tokens that were not cached.
    pub input: u64,
    /// Prompt tokens read from a cache.
    pub cache_read: u64,
    /// Prompt tokens written to a cache that lives five minutes.
    pub cache_write_5m: u64,
    /// Prompt tokens written to a cache that lives an hour.
    pub cache_write_1h: u64,
    /// Tokens of the answer, reasoning included.
    pub output: u64,
    /// Reasoning tokens, inside `output`.
    pub reasoning: u64,
}

impl Tokens {
    /// No line may claim more than this in one class (2^40): beyond it the number is a defect of the log.
    pub const MAX_PER_CLASS: u64 = 1 << 40;

    /// The whole prompt: input, cache reads and cache writes.
    #[must_use]
    pub fn prompt(&self) -> u64 {
        self.input
            .saturating_add(self.cache_read)
            .saturating_add(self.cache_write_5m)
            .saturating_add(self.cache_write_1h)
    }

    /// Both lifetimes of cache writes.
    #[must_use]
    pub fn cache_write(&self) -> u64 {
        self.cache_write_5m.saturating_add(self.cache_write_1h)
    }

    /// The whole prompt and the answer.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.prompt().saturating_add(self.output)
    }

    /// The billed classes in their fixed order: input, `cache_read`, `cache_write_5m`, `cache_write_1h`, output.
    #[must_use]
    pub fn classes(&self) -> [u64; 5] {
        [self.input, self.cache_read, self.cache_write_5m, self.cache_write_1h, self.output]
    }

    /// Adds another count class by class.
    pub fn add(&mut self, other: &Self) {
        self.zip(other, u64::saturating_add);
    }

    /// What this count has beyond `billed`, class by class; a class that is smaller counts nothing.
    #[must_use]
    pub fn beyond(&self, billed: &Self) -> Self {
        let mut rest = *self;
        rest.zip(billed, u64::saturating_sub);
        rest
    }

    /// Whether every billed class is at least that of `other`.
    #[must_use]
    pub fn at_least(&self, other: &Self) -> bool {
        self.classes().iter().zip(other.classes()).all(|(mine, theirs)| *mine >= theirs)
    }

    /// Whether no billed class holds anything.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.classes().iter().all(|count| *count == 0)
    }

    fn zip(&mut self, other: &Self, with: impl Fn(u64, u64) -> u64) {
        self.input = with(self.input, other.input);
        self.cache_read = with(self.cache_read, other.cache_read);
        self.cache_write_5m = with(self.cache_write_5m, other.cache_write_5m);
        self.cache_write_1h = with(self.cache_write_1h, other.cache_write_1h);
        self.output = with(self.output, other.output);
        self.reasoning = with(self.reasoning, other.reasoning);
    }
}
