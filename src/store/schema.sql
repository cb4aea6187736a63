-- Facts. Small integers stand for strings; keys come from content.
CREATE TABLE agent (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE model (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE provider (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE branch (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE dir (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,
    facts TEXT,                         -- what repo saw at the first look that found the directory, as JSON
    looked_at INTEGER                   -- ms; NULL: not looked at yet
) STRICT;
CREATE TABLE session (
    id INTEGER PRIMARY KEY,
    agent INTEGER NOT NULL REFERENCES agent,
    native TEXT NOT NULL,               -- the agent's own id
    born_at INTEGER,                    -- ms: the earliest line that is never copied, where there is one
    dirty INTEGER NOT NULL DEFAULT 1,   -- facts changed since spans and dues were computed
    recheck INTEGER NOT NULL DEFAULT 1, -- what is due may have changed (facts, mapping, prices, billing)
    ready_at INTEGER,                   -- ms: when something of it wants to be sealed; NULL: nothing
    UNIQUE (agent, native)
) STRICT;
CREATE INDEX session_dirty ON session (dirty) WHERE dirty = 1;
CREATE INDEX session_recheck ON session (recheck) WHERE recheck = 1;
CREATE INDEX session_ready ON session (ready_at) WHERE ready_at IS NOT NULL;

-- The numbers of sessions, models and the like come from the statement that made or found them in the same transaction:
-- references would be looked up for every fact.
CREATE TABLE request (
    id INTEGER PRIMARY KEY,
    key BLOB NOT NULL,
    message INTEGER NOT NULL,
    session INTEGER NOT NULL,           -- the owner
    at INTEGER NOT NULL,
    model INTEGER NOT NULL,
    dir INTEGER, branch INTEGER,
    input INTEGER NOT NULL, cache_read INTEGER NOT NULL,
    cache_write_5m INTEGER NOT NULL, cache_write_1h INTEGER NOT NULL,
    output INTEGER NOT NULL, reasoning INTEGER NOT NULL,
    terms INTEGER NOT NULL,             -- packed, see terms.rs
    quality INTEGER NOT NULL, cut INTEGER NOT NULL DEFAULT 0,
    provider INTEGER,                   -- whose price list applies, where the log names it
    reported TEXT, charged INTEGER,     -- the cost that the log names in pico-USD; 1: it is the bill, 0: a sum at list prices
    has_request_id INTEGER NOT NULL, nested INTEGER NOT NULL, line INTEGER, origin INTEGER,
    shared INTEGER NOT NULL DEFAULT 0,  -- 0: this row is its only copy; 1: all copies are in copy
    file INTEGER NOT NULL, offset INTEGER NOT NULL
) STRICT;
CREATE INDEX request_message ON request (message);
CREATE INDEX request_session ON request (session, at);
CREATE INDEX request_listed ON request (at) WHERE charged = 0;
CREATE TABLE copy (
    request INTEGER NOT NULL, session INTEGER NOT NULL, key BLOB NOT NULL,
    has_request_id INTEGER NOT NULL, at INTEGER NOT NULL, line INTEGER, origin INTEGER, nested INTEGER NOT NULL,
    PRIMARY KEY (request, session, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX copy_session ON copy (session);
CREATE INDEX copy_at ON copy (at);
CREATE TABLE mark (message INTEGER NOT NULL, session INTEGER NOT NULL, PRIMARY KEY (message, session)) STRICT, WITHOUT ROWID;

-- In order of sessions and time, as it is written and read; only the index by key is touched everywhere.
CREATE TABLE activity (
    key INTEGER NOT NULL,
    session INTEGER NOT NULL,           -- the owner
    at INTEGER NOT NULL, who INTEGER NOT NULL, dir INTEGER, branch INTEGER,
    proven_ms INTEGER NOT NULL DEFAULT 0,
    shared INTEGER NOT NULL DEFAULT 0,  -- 1: several sessions hold it, see activity_copy
    origin INTEGER,                     -- the session that a copy names as the one that did it
    PRIMARY KEY (session, at, key)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX activity_key ON activity (key);
CREATE TABLE activity_copy (key INTEGER NOT NULL, session INTEGER NOT NULL, PRIMARY KEY (key, session)) STRICT, WITHOUT ROWID;
CREATE INDEX activity_copy_session ON activity_copy (session);
CREATE TABLE turn (
    key INTEGER PRIMARY KEY, session INTEGER NOT NULL, at INTEGER NOT NULL, duration_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX turn_session ON turn (session);
-- Evidence of who pays from an instant on: 0 a subscription, 1 by request.
CREATE TABLE plan (
    session INTEGER NOT NULL, at INTEGER NOT NULL, payer INTEGER NOT NULL, PRIMARY KEY (session, at)
) STRICT, WITHOUT ROWID;
-- Derived from activity; recomputed for dirty sessions. Unix seconds, free of zones.
CREATE TABLE span (
    session INTEGER NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL, kind INTEGER NOT NULL,
    dir INTEGER, branch INTEGER,
    PRIMARY KEY (session, start)
) STRICT, WITHOUT ROWID;
CREATE INDEX span_end ON span (end);

-- Files and how far they are read.
CREATE TABLE file (
    id INTEGER PRIMARY KEY, agent INTEGER NOT NULL REFERENCES agent, path TEXT NOT NULL UNIQUE,
    dev INTEGER NOT NULL, ino INTEGER NOT NULL, size INTEGER NOT NULL, mtime INTEGER NOT NULL,
    offset INTEGER NOT NULL, generation INTEGER NOT NULL,
    head_len INTEGER NOT NULL, head_hash INTEGER NOT NULL, anchor_len INTEGER NOT NULL, anchor_hash INTEGER NOT NULL,
    context BLOB NOT NULL, lines INTEGER NOT NULL DEFAULT 0, last_at INTEGER
) STRICT;
CREATE TABLE reject (
    file INTEGER NOT NULL, offset INTEGER NOT NULL, generation INTEGER NOT NULL, length INTEGER NOT NULL, reason INTEGER NOT NULL,
    PRIMARY KEY (file, offset)
) STRICT, WITHOUT ROWID;

-- Delivery, scoped to one (API origin, account id).
CREATE TABLE account (
    id INTEGER PRIMARY KEY, origin TEXT NOT NULL, account TEXT NOT NULL,
    sandbox INTEGER NOT NULL,
    user TEXT, me TEXT, me_at INTEGER,
    category TEXT, category_looked_at INTEGER,
    proved_entry INTEGER NOT NULL DEFAULT 0, proved_expense INTEGER NOT NULL DEFAULT 0,
    decimals INTEGER,                   -- learned from what the server echoes
    zone TEXT,                          -- pinned at the first sealing
    second_listing_at INTEGER,          -- no POST before a whole listing that began at or after this instant
    listed_kinds INTEGER NOT NULL DEFAULT 0, -- bit per kind: a whole listing was seen by this database
    desk TEXT,                          -- limiter, breaker, pauses: small JSON of deliver::Desk
    UNIQUE (origin, account)
) STRICT;
CREATE TABLE record (
    id INTEGER PRIMARY KEY, account INTEGER NOT NULL REFERENCES account,
    keitod_id TEXT NOT NULL, kind INTEGER NOT NULL,
    session INTEGER NOT NULL,           -- 0: unknown here (an adopted record of logs that are gone)
    day TEXT NOT NULL, project TEXT NOT NULL, task TEXT NOT NULL, model TEXT NOT NULL,
    part INTEGER NOT NULL, excess INTEGER NOT NULL DEFAULT 0,
    first_at INTEGER NOT NULL, last_at INTEGER NOT NULL,
    seconds INTEGER NOT NULL DEFAULT 0, requests INTEGER NOT NULL DEFAULT 0,
    amount TEXT, usd TEXT,
    exact TEXT,                         -- what it added to tally.exact
    currency TEXT NOT NULL DEFAULT '',  -- of amount; empty: unknown
    rate TEXT, markup TEXT, basis TEXT, -- frozen with it: units of the currency per USD (NULL: USD), percent (NULL: none), cost_basis
    remote TEXT,                        -- Keito's id
    state INTEGER NOT NULL,             -- 0 live, 1 closed: does not grow any more, 2 deleted by a person
    adopted INTEGER NOT NULL DEFAULT 0, assumed INTEGER NOT NULL DEFAULT 0,
    answered_at INTEGER, listed_at INTEGER,
    missing_at INTEGER,                 -- ms: the first whole listing that lacked it began then
    owner TEXT,                         -- the user that listings show for it
    ours TEXT NOT NULL DEFAULT '',      -- states (hours|seconds) that are ours, oldest confirmed first, comma separated
    UNIQUE (account, keitod_id)
) STRICT;
CREATE INDEX record_session ON record (account, session, kind);
CREATE INDEX record_remote ON record (account, remote);
CREATE TABLE write (
    id INTEGER PRIMARY KEY, record INTEGER NOT NULL REFERENCES record,
    method INTEGER NOT NULL,            -- 0 POST, 1 PATCH
    body BLOB NOT NULL, idempotency TEXT NOT NULL,
    seconds INTEGER NOT NULL DEFAULT 0,
    state INTEGER NOT NULL,             -- see outbox.rs
    reason TEXT, attempts INTEGER NOT NULL DEFAULT 0,
    sealed_at INTEGER NOT NULL, next_at INTEGER NOT NULL,
    sent_at INTEGER, ended_at INTEGER, absent_at INTEGER, done_at INTEGER
) STRICT;
CREATE INDEX write_record ON write (record);
CREATE INDEX write_unfinished ON write (state) WHERE state < 5;
-- What is billed: tokens by class and frozen price of each request on each record.
CREATE TABLE billed (
    account INTEGER NOT NULL, request INTEGER NOT NULL, record INTEGER NOT NULL,
    input INTEGER NOT NULL, cache_read INTEGER NOT NULL,
    cache_write_5m INTEGER NOT NULL, cache_write_1h INTEGER NOT NULL, output INTEGER NOT NULL,
    usd TEXT NOT NULL, price TEXT NOT NULL,
    PRIMARY KEY (account, request, record)
) STRICT, WITHOUT ROWID;
CREATE INDEX billed_record ON billed (record);
-- Which stretches of a session's time each entry holds. Unix seconds.
CREATE TABLE covered (
    account INTEGER NOT NULL, session INTEGER NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL, record INTEGER NOT NULL,
    write INTEGER NOT NULL,             -- the write that put it there; 0: adopted
    PRIMARY KEY (account, session, start, record)
) STRICT, WITHOUT ROWID;
CREATE INDEX covered_record ON covered (record);
CREATE INDEX covered_session ON covered (session, start);
-- Running sums for the rounding rule: per (link, day, model) the exact cost of all that was sealed, and what was sent.
-- A company that changes its currency begins anew.
CREATE TABLE tally (
    account INTEGER NOT NULL, project TEXT NOT NULL, task TEXT NOT NULL, day TEXT NOT NULL, model TEXT NOT NULL,
    currency TEXT NOT NULL, exact TEXT NOT NULL, sent TEXT NOT NULL,
    PRIMARY KEY (account, project, task, day, model, currency)
) STRICT, WITHOUT ROWID;
-- Held and open work per session, for status and queue; derived, recomputed with the session.
CREATE TABLE due (
    session INTEGER NOT NULL, kind INTEGER NOT NULL, day TEXT NOT NULL, project TEXT NOT NULL, task TEXT NOT NULL, model TEXT NOT NULL,
    reason TEXT NOT NULL,               -- '' is open: due once the session has settled
    seconds INTEGER NOT NULL, requests INTEGER NOT NULL, tokens INTEGER NOT NULL DEFAULT 0, usd TEXT, dir INTEGER,
    PRIMARY KEY (session, kind, day, project, task, model, reason)
) STRICT, WITHOUT ROWID;
-- (session, model) whose adopted records do not add up, with both totals.
CREATE TABLE unproven (
    account INTEGER NOT NULL, session INTEGER NOT NULL, model TEXT NOT NULL, record INTEGER NOT NULL, posted TEXT NOT NULL, local TEXT NOT NULL,
    PRIMARY KEY (account, session, model, record)
) STRICT, WITHOUT ROWID;
-- Adopted entries of a day that hold seconds which were not found in the logs, with their first and last second.
CREATE TABLE doubt (
    account INTEGER NOT NULL, record INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    PRIMARY KEY (account, record)
) STRICT, WITHOUT ROWID;
-- UTC days (days since 1970) on which a session has requests, or had: where to look for those of a day.
CREATE TABLE worked (day INTEGER NOT NULL, session INTEGER NOT NULL, PRIMARY KEY (day, session)) STRICT, WITHOUT ROWID;
-- Sessions whose activity makes no span, with their first instant in ms; recomputed with the spans.
CREATE TABLE bare (session INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT;
-- What reports say of days that are over, see kept.rs; and the UTC days of which something changed since.
CREATE TABLE kept (day TEXT PRIMARY KEY, sums BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE touched (day INTEGER PRIMARY KEY, number INTEGER NOT NULL) STRICT;
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
