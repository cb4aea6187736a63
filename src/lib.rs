//! keitod turns the session logs of AI coding agents into time entries and LLM-cost expenses at Keito.
//!
//! # The map
//!
//! ```text
//!  tail::watch ─► tail::lines ─► sources::<agent> ─► ledger ─► store ─► deliver ─► keito
//!  which file     whole lines    bytes → facts       pure      one      pure pick   HTTP
//!  changed                       pure                 ▲        commit      ▲
//!                                      prices, mapping┘          │         └ coverage (what is billed already)
//!                                                      status ◄──┴── read-only, beside
//! ```
//!
//! One direction, no way back. One SQLite transaction holds the new cursor, the new facts and the changed queue rows:
//! a crash before it re-reads the same bytes, a crash after it has nothing to redo. Facts have keys made from content,
//! so reading a file again from its first byte is always harmless.
//!
//! | module | duty | may not know |
//! | --- | --- | --- |
//! | [`model`] | the words of the field as types | serde, SQL, HTTP, clocks |
//! | [`config`] | file, environment, credentials → one resolved, typed configuration | sessions, HTTP |
//! | [`sources`] | an agent's log: roots, files, bytes → facts | prices, zones, other agents, the file system |
//! | [`tail`] | which bytes are new | what a line means |
//! | [`repo`] | a directory's git facts and `.keito` text | what a link is for |
//! | [`mapping`], [`prices`] | pure: link of a directory; price of a request | HTTP, SQL |
//! | [`ledger`] | pure: facts → requests, spans, days, what is due | I/O, clocks, SQL |
//! | [`coverage`] | pure: local facts × listed records → what is billed already | HTTP, SQL |
//! | [`store`] | only owner of our SQLite; one writer thread | HTTP, agents |
//! | [`deliver`] | pure: what to send next, what an outcome means, when to wake | HTTP, SQL |
//! | [`keito`] | only owner of the HTTP client; wire types; outcome of a request | retry policy, SQL |
//! | [`server`] | only owner of the HTTP server on the Unix socket | how anything is computed |
//! | [`status`], [`report`] | values and their tables | delivery |
//! | [`sandbox`] | an embedded Keito on loopback | our internals |
//! | [`setup`] | what is there before the first run and around it: the demo's sample sessions, the service, the doctor's checks | decoding |
//! | [`daemon`] | wiring, clock, signals, shutdown | any rule |
//! | [`cli`] | one small file a subcommand | SQL, decoding, rules |
//!
//! `tests/tidy.rs` holds these boundaries.

pub mod cli;
pub mod config;
pub mod coverage;
pub mod daemon;
pub mod deliver;
pub mod keito;
pub mod ledger;
pub mod mapping;
pub mod model;
pub mod prices;
pub mod repo;
pub mod report;
pub mod sandbox;
pub mod server;
pub mod setup;
pub mod sources;
pub mod status;
pub mod store;
pub mod tail;
