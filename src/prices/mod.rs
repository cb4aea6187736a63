//! Pure: the price of a request.
