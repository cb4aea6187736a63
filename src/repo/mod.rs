//! A directory's git facts and its `.keito` text: the I/O of mapping.
