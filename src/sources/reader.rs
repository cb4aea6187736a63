//! Sources as they are used: those that are built in, and those that the configuration describes.

use std::ops::Deref;
use std::sync::Arc;

use super::{Declared, Source, all};

/// A source, cheap to copy.
#[derive(Clone)]
pub enum Reader {
    /// One of [`all`].
    BuiltIn(&'static dyn Source),
    /// One of the configuration.
    Declared(Arc<Declared>),
}

impl Deref for Reader {
    type Target = dyn Source;

    fn deref(&self) -> &Self::Target {
        match self {
            Self::BuiltIn(source) => *source,
            Self::Declared(source) => &**source,
        }
    }
}

/// All sources there are: those that are built in, then the declared ones.
pub fn readers(declared: impl IntoIterator<Item = Declared>) -> Vec<Reader> {
    let declared = declared.into_iter().map(|source| Reader::Declared(Arc::new(source)));
    all().iter().copied().map(Reader::BuiltIn).chain(declared).collect()
}
