CREATE TABLE IF NOT EXISTS accounts (
    account VARCHAR NOT NULL,
    fence INTEGER NOT NULL,
    owner VARCHAR,
    leased_until DATETIME,
    PRIMARY KEY (account)
);
CREATE TABLE IF NOT EXISTS alembic_version (
    version_num VARCHAR(32) NOT NULL,
    PRIMARY KEY (version_num)
);
CREATE TABLE IF NOT EXISTS alert_signals (
    kind VARCHAR NOT NULL,
    subject VARCHAR NOT NULL,
    sentence TEXT NOT NULL,
    seen_at DATETIME NOT NULL,
    PRIMARY KEY (kind, subject)
);
CREATE TABLE IF NOT EXISTS alerts (
    alert_id INTEGER NOT NULL,
    kind VARCHAR NOT NULL,
    subject VARCHAR NOT NULL,
    severity VARCHAR NOT NULL,
    sentence TEXT NOT NULL,
    since DATETIME NOT NULL,
    ended_at DATETIME,
    PRIMARY KEY (alert_id)
);
CREATE INDEX IF NOT EXISTS alerts_open ON alerts (ended_at, kind, subject);
CREATE TABLE IF NOT EXISTS audit (
    seq INTEGER NOT NULL,
    at DATETIME NOT NULL,
    who VARCHAR NOT NULL,
    act VARCHAR NOT NULL,
    subject VARCHAR NOT NULL,
    detail TEXT NOT NULL,
    hash VARCHAR(64) NOT NULL,
    PRIMARY KEY (seq)
);
CREATE INDEX IF NOT EXISTS audit_by_subject ON audit (subject, seq);
CREATE TABLE IF NOT EXISTS batches (
    batch_id VARCHAR NOT NULL,
    run VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    proposed_at DATETIME NOT NULL,
    PRIMARY KEY (batch_id)
);
CREATE INDEX IF NOT EXISTS batches_by_run ON batches (run);
CREATE TABLE IF NOT EXISTS evidence (
    sha256 VARCHAR(64) NOT NULL,
    media_type VARCHAR NOT NULL,
    size INTEGER NOT NULL,
    PRIMARY KEY (sha256)
);
CREATE TABLE IF NOT EXISTS forgotten_evidence (
    sha256 VARCHAR(64) NOT NULL,
    kind VARCHAR NOT NULL,
    at DATETIME NOT NULL,
    gone BOOLEAN NOT NULL,
    PRIMARY KEY (sha256)
);
CREATE TABLE IF NOT EXISTS held (
    run VARCHAR NOT NULL,
    unit VARCHAR NOT NULL,
    why TEXT NOT NULL,
    already BOOLEAN NOT NULL,
    postings TEXT NOT NULL,
    PRIMARY KEY (run, unit)
);
CREATE TABLE IF NOT EXISTS logins (
    login_id INTEGER NOT NULL,
    account VARCHAR NOT NULL,
    attempted_at DATETIME NOT NULL,
    accepted BOOLEAN,
    result_at DATETIME,
    cleared_at DATETIME,
    PRIMARY KEY (login_id)
);
CREATE INDEX IF NOT EXISTS logins_by_account ON logins (account, login_id);
CREATE TABLE IF NOT EXISTS schema_version (
    version INTEGER NOT NULL,
    PRIMARY KEY (version)
);
CREATE TABLE IF NOT EXISTS sealing_keys (
    key_id VARCHAR NOT NULL,
    wrapped TEXT NOT NULL,
    wrapped_by VARCHAR NOT NULL,
    made_at DATETIME NOT NULL,
    retired_at DATETIME,
    PRIMARY KEY (key_id)
);
CREATE TABLE IF NOT EXISTS sign_ins (
    sign_in_id INTEGER NOT NULL,
    name VARCHAR(64) NOT NULL,
    origin VARCHAR(64) NOT NULL,
    at DATETIME NOT NULL,
    accepted BOOLEAN NOT NULL,
    PRIMARY KEY (sign_in_id)
);
CREATE INDEX IF NOT EXISTS sign_ins_by_name ON sign_ins (name, at);
CREATE INDEX IF NOT EXISTS sign_ins_by_origin ON sign_ins (origin, at);
CREATE TABLE IF NOT EXISTS sweeps (
    sweep_id VARCHAR NOT NULL,
    business_date DATE NOT NULL,
    started_at DATETIME NOT NULL,
    finished_at DATETIME,
    PRIMARY KEY (sweep_id)
);
CREATE TABLE IF NOT EXISTS users (
    user_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    role INTEGER NOT NULL,
    password VARCHAR,
    identity VARCHAR,
    totp VARCHAR,
    totp_step INTEGER,
    active BOOLEAN NOT NULL,
    made_at DATETIME NOT NULL,
    PRIMARY KEY (user_id),
    UNIQUE (name),
    UNIQUE (identity)
);
CREATE TABLE IF NOT EXISTS alert_tellings (
    alert_id INTEGER NOT NULL,
    "to" VARCHAR NOT NULL,
    severity VARCHAR NOT NULL,
    told_at DATETIME NOT NULL,
    end_told_at DATETIME,
    PRIMARY KEY (alert_id, "to"),
    FOREIGN KEY(alert_id) REFERENCES alerts (alert_id)
);
CREATE TABLE IF NOT EXISTS bank_files (
    sha256 VARCHAR(64) NOT NULL,
    name VARCHAR NOT NULL,
    received_at DATETIME NOT NULL,
    PRIMARY KEY (sha256),
    FOREIGN KEY(sha256) REFERENCES evidence (sha256)
);
CREATE TABLE IF NOT EXISTS batch_acts (
    batch_id VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    "by" VARCHAR NOT NULL,
    at DATETIME NOT NULL,
    PRIMARY KEY (batch_id, state),
    FOREIGN KEY(batch_id) REFERENCES batches (batch_id)
);
CREATE TABLE IF NOT EXISTS batch_files (
    batch_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    sha256 VARCHAR(64) NOT NULL,
    PRIMARY KEY (batch_id, name),
    FOREIGN KEY(batch_id) REFERENCES batches (batch_id),
    FOREIGN KEY(sha256) REFERENCES evidence (sha256)
);
CREATE TABLE IF NOT EXISTS drift (
    sweep_id VARCHAR NOT NULL,
    payer VARCHAR NOT NULL,
    wanted VARCHAR NOT NULL,
    found_by VARCHAR,
    nth INTEGER NOT NULL,
    evidence VARCHAR(64),
    PRIMARY KEY (sweep_id, payer, wanted),
    FOREIGN KEY(sweep_id) REFERENCES sweeps (sweep_id),
    FOREIGN KEY(evidence) REFERENCES evidence (sha256)
);
CREATE TABLE IF NOT EXISTS entries (
    unit VARCHAR NOT NULL,
    batch_id VARCHAR NOT NULL,
    number VARCHAR NOT NULL,
    account VARCHAR NOT NULL,
    "after" VARCHAR NOT NULL,
    PRIMARY KEY (unit),
    FOREIGN KEY(batch_id) REFERENCES batches (batch_id)
);
CREATE INDEX IF NOT EXISTS entries_after ON entries ("after");
CREATE INDEX IF NOT EXISTS entries_by_account ON entries (account);
CREATE INDEX IF NOT EXISTS entries_by_batch ON entries (batch_id);
CREATE INDEX IF NOT EXISTS entries_by_number ON entries (number);
CREATE TABLE IF NOT EXISTS exports (
    sweep_id VARCHAR NOT NULL,
    sha256 VARCHAR(64) NOT NULL,
    position INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    system VARCHAR NOT NULL,
    rows_in INTEGER NOT NULL,
    PRIMARY KEY (sweep_id, sha256),
    FOREIGN KEY(sweep_id) REFERENCES sweeps (sweep_id)
);
CREATE TABLE IF NOT EXISTS given_passwords (
    user_id VARCHAR NOT NULL,
    PRIMARY KEY (user_id),
    FOREIGN KEY(user_id) REFERENCES users (user_id)
);
CREATE TABLE IF NOT EXISTS items (
    item_id INTEGER NOT NULL,
    sweep_id VARCHAR NOT NULL,
    export_sha256 VARCHAR(64) NOT NULL,
    sheet VARCHAR NOT NULL,
    "row" INTEGER NOT NULL,
    claim_id VARCHAR NOT NULL,
    payer VARCHAR,
    claim TEXT NOT NULL,
    state VARCHAR NOT NULL,
    no_answer VARCHAR,
    attempts INTEGER NOT NULL,
    fence INTEGER NOT NULL,
    owner VARCHAR,
    leased_until DATETIME,
    PRIMARY KEY (item_id),
    UNIQUE (sweep_id, export_sha256, sheet, "row"),
    FOREIGN KEY(sweep_id) REFERENCES sweeps (sweep_id)
);
CREATE INDEX IF NOT EXISTS items_by_claim ON items (claim_id, payer, sweep_id);
CREATE INDEX IF NOT EXISTS items_to_do ON items (sweep_id, payer, state, attempts, item_id);
CREATE TABLE IF NOT EXISTS payer_notes (
    sweep_id VARCHAR NOT NULL,
    payer VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    sentence TEXT NOT NULL,
    PRIMARY KEY (sweep_id, payer, kind),
    FOREIGN KEY(sweep_id) REFERENCES sweeps (sweep_id)
);
CREATE TABLE IF NOT EXISTS recovery_codes (
    user_id VARCHAR NOT NULL,
    sha256 VARCHAR(64) NOT NULL,
    used_at DATETIME,
    PRIMARY KEY (user_id, sha256),
    FOREIGN KEY(user_id) REFERENCES users (user_id)
);
CREATE TABLE IF NOT EXISTS refused_rows (
    sweep_id VARCHAR NOT NULL,
    position INTEGER NOT NULL,
    "row" INTEGER NOT NULL,
    sheet VARCHAR,
    why TEXT NOT NULL,
    PRIMARY KEY (sweep_id, position),
    FOREIGN KEY(sweep_id) REFERENCES sweeps (sweep_id)
);
CREATE TABLE IF NOT EXISTS remittances (
    sha256 VARCHAR(64) NOT NULL,
    position INTEGER NOT NULL,
    payment VARCHAR NOT NULL,
    payer VARCHAR NOT NULL,
    trace VARCHAR NOT NULL,
    payment_date DATE NOT NULL,
    amount VARCHAR NOT NULL,
    channel VARCHAR NOT NULL,
    run VARCHAR NOT NULL,
    received_at DATETIME NOT NULL,
    unbalanced TEXT NOT NULL,
    remittance TEXT NOT NULL,
    PRIMARY KEY (sha256, position),
    FOREIGN KEY(sha256) REFERENCES evidence (sha256)
);
CREATE INDEX IF NOT EXISTS remittances_by_payment ON remittances (payment);
CREATE INDEX IF NOT EXISTS remittances_by_trace ON remittances (trace);
CREATE TABLE IF NOT EXISTS runs (
    run_id INTEGER NOT NULL,
    what VARCHAR NOT NULL,
    about VARCHAR NOT NULL,
    sweep_id VARCHAR,
    "by" VARCHAR NOT NULL,
    begun_at DATETIME NOT NULL,
    owner VARCHAR NOT NULL,
    taken_at DATETIME,
    stop_asked_at DATETIME,
    ended_at DATETIME,
    ended VARCHAR,
    said TEXT NOT NULL,
    PRIMARY KEY (run_id),
    FOREIGN KEY(sweep_id) REFERENCES sweeps (sweep_id)
);
CREATE INDEX IF NOT EXISTS runs_by_subject ON runs (what, about, run_id);
CREATE INDEX IF NOT EXISTS runs_by_sweep ON runs (sweep_id, run_id);
CREATE TABLE IF NOT EXISTS saved_views (
    user_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    "query" VARCHAR NOT NULL,
    PRIMARY KEY (user_id, name),
    FOREIGN KEY(user_id) REFERENCES users (user_id)
);
CREATE TABLE IF NOT EXISTS settlements (
    settlement_id INTEGER NOT NULL,
    payment VARCHAR NOT NULL,
    sha256 VARCHAR(64),
    position INTEGER,
    differs TEXT NOT NULL,
    reason TEXT NOT NULL,
    "by" VARCHAR NOT NULL,
    at DATETIME NOT NULL,
    PRIMARY KEY (settlement_id),
    FOREIGN KEY(sha256) REFERENCES evidence (sha256)
);
CREATE TABLE IF NOT EXISTS taken_up (
    sweep_id VARCHAR NOT NULL,
    finished_at DATETIME NOT NULL,
    PRIMARY KEY (sweep_id),
    FOREIGN KEY(sweep_id) REFERENCES sweeps (sweep_id)
);
CREATE TABLE IF NOT EXISTS tokens (
    sha256 VARCHAR(64) NOT NULL,
    name VARCHAR NOT NULL,
    scopes VARCHAR NOT NULL,
    made_by VARCHAR NOT NULL,
    made_at DATETIME NOT NULL,
    expires_on DATE NOT NULL,
    per_minute INTEGER NOT NULL,
    used_at DATETIME,
    revoked_at DATETIME,
    PRIMARY KEY (sha256),
    UNIQUE (name),
    FOREIGN KEY(made_by) REFERENCES users (user_id)
);
CREATE TABLE IF NOT EXISTS visits (
    item_id INTEGER NOT NULL,
    sweep_id VARCHAR NOT NULL,
    export_sha256 VARCHAR(64) NOT NULL,
    sheet VARCHAR NOT NULL,
    "row" INTEGER NOT NULL,
    date DATE NOT NULL,
    question VARCHAR(64) NOT NULL,
    person VARCHAR(64) NOT NULL,
    payer VARCHAR,
    visit TEXT NOT NULL,
    state VARCHAR NOT NULL,
    no_answer VARCHAR,
    attempts INTEGER NOT NULL,
    fence INTEGER NOT NULL,
    owner VARCHAR,
    leased_until DATETIME,
    PRIMARY KEY (item_id),
    UNIQUE (sweep_id, export_sha256, sheet, "row"),
    FOREIGN KEY(sweep_id) REFERENCES sweeps (sweep_id)
);
CREATE INDEX IF NOT EXISTS visits_by_person ON visits (person);
CREATE INDEX IF NOT EXISTS visits_by_question ON visits (question);
CREATE INDEX IF NOT EXISTS visits_to_do ON visits (sweep_id, payer, state, attempts, item_id);
CREATE TABLE IF NOT EXISTS web_sessions (
    sha256 VARCHAR(64) NOT NULL,
    user_id VARCHAR NOT NULL,
    begun_at DATETIME NOT NULL,
    seen_at DATETIME NOT NULL,
    complete BOOLEAN NOT NULL,
    PRIMARY KEY (sha256),
    FOREIGN KEY(user_id) REFERENCES users (user_id)
);
CREATE INDEX IF NOT EXISTS web_sessions_by_user ON web_sessions (user_id);
CREATE TABLE IF NOT EXISTS cases (
    case_id INTEGER NOT NULL,
    payer VARCHAR NOT NULL,
    claim_id VARCHAR NOT NULL,
    item_id INTEGER NOT NULL,
    state VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    said VARCHAR(64) NOT NULL,
    desk VARCHAR NOT NULL,
    assignee VARCHAR,
    dollars INTEGER NOT NULL,
    chance VARCHAR NOT NULL,
    needs_person BOOLEAN NOT NULL,
    due DATE,
    service_from DATE NOT NULL,
    opened_on DATE NOT NULL,
    snoozed_until DATE,
    priority INTEGER NOT NULL,
    priority_on DATE NOT NULL,
    PRIMARY KEY (case_id),
    UNIQUE (payer, claim_id, service_from),
    FOREIGN KEY(item_id) REFERENCES items (item_id),
    FOREIGN KEY(assignee) REFERENCES users (user_id)
);
CREATE INDEX IF NOT EXISTS cases_by_assignee ON cases (state, assignee);
CREATE INDEX IF NOT EXISTS cases_by_claim ON cases (claim_id);
CREATE INDEX IF NOT EXISTS cases_by_desk ON cases (state, desk);
CREATE INDEX IF NOT EXISTS cases_by_dollars ON cases (state, dollars DESC, priority DESC, case_id);
CREATE INDEX IF NOT EXISTS cases_by_item ON cases (item_id);
CREATE INDEX IF NOT EXISTS cases_by_kind ON cases (state, kind);
CREATE INDEX IF NOT EXISTS cases_by_payer ON cases (state, payer);
CREATE INDEX IF NOT EXISTS cases_by_priority ON cases (state, priority DESC, case_id, dollars, due, service_from, payer, kind, desk, assignee);
CREATE INDEX IF NOT EXISTS cases_by_weighing ON cases (state, priority_on);
CREATE TABLE IF NOT EXISTS conclusions (
    item_id INTEGER NOT NULL,
    fence INTEGER NOT NULL,
    conclusion TEXT NOT NULL,
    seconds VARCHAR,
    concluded_at DATETIME NOT NULL,
    PRIMARY KEY (item_id, fence),
    FOREIGN KEY(item_id) REFERENCES items (item_id)
);
CREATE TABLE IF NOT EXISTS kept_answers (
    token VARCHAR(64) NOT NULL,
    "key" VARCHAR(64) NOT NULL,
    request VARCHAR(64) NOT NULL,
    at DATETIME NOT NULL,
    answer TEXT,
    PRIMARY KEY (token, "key"),
    FOREIGN KEY(token) REFERENCES tokens (sha256)
);
CREATE INDEX IF NOT EXISTS kept_answers_by_age ON kept_answers (at);
CREATE TABLE IF NOT EXISTS observations (
    item_id INTEGER NOT NULL,
    fence INTEGER NOT NULL,
    position INTEGER NOT NULL,
    observed_at DATETIME NOT NULL,
    observation TEXT NOT NULL,
    PRIMARY KEY (item_id, fence, position),
    FOREIGN KEY(item_id) REFERENCES items (item_id)
);
CREATE TABLE IF NOT EXISTS postings (
    batch_id VARCHAR NOT NULL,
    position INTEGER NOT NULL,
    "key" VARCHAR NOT NULL,
    unit VARCHAR NOT NULL,
    item_id INTEGER,
    posting TEXT NOT NULL,
    PRIMARY KEY (batch_id, position),
    UNIQUE (batch_id, "key"),
    FOREIGN KEY(batch_id) REFERENCES batches (batch_id),
    FOREIGN KEY(item_id) REFERENCES items (item_id)
);
CREATE INDEX IF NOT EXISTS postings_by_unit ON postings (unit);
CREATE TABLE IF NOT EXISTS remitted_claims (
    sha256 VARCHAR(64) NOT NULL,
    position INTEGER NOT NULL,
    nth INTEGER NOT NULL,
    number VARCHAR NOT NULL,
    own VARCHAR NOT NULL,
    claim TEXT NOT NULL,
    places TEXT NOT NULL,
    PRIMARY KEY (sha256, position, nth),
    FOREIGN KEY(sha256, position) REFERENCES remittances (sha256, position)
);
CREATE INDEX IF NOT EXISTS remitted_claims_by_number ON remitted_claims (number);
CREATE INDEX IF NOT EXISTS remitted_claims_by_own ON remitted_claims (own);
CREATE TABLE IF NOT EXISTS visit_conclusions (
    item_id INTEGER NOT NULL,
    fence INTEGER NOT NULL,
    conclusion TEXT NOT NULL,
    seconds VARCHAR,
    concluded_at DATETIME NOT NULL,
    PRIMARY KEY (item_id, fence),
    FOREIGN KEY(item_id) REFERENCES visits (item_id)
);
CREATE TABLE IF NOT EXISTS visit_observations (
    item_id INTEGER NOT NULL,
    fence INTEGER NOT NULL,
    observed_at DATETIME NOT NULL,
    observation TEXT NOT NULL,
    PRIMARY KEY (item_id, fence),
    FOREIGN KEY(item_id) REFERENCES visits (item_id)
);
CREATE TABLE IF NOT EXISTS case_acts (
    act_id INTEGER NOT NULL,
    together VARCHAR NOT NULL,
    case_id INTEGER NOT NULL,
    act VARCHAR NOT NULL,
    "by" VARCHAR NOT NULL,
    at DATETIME NOT NULL,
    "before" TEXT NOT NULL,
    "after" TEXT NOT NULL,
    note TEXT NOT NULL,
    undoes VARCHAR,
    PRIMARY KEY (act_id),
    FOREIGN KEY(case_id) REFERENCES cases (case_id)
);
CREATE INDEX IF NOT EXISTS case_acts_by_case ON case_acts (case_id, act_id);
CREATE INDEX IF NOT EXISTS case_acts_by_hand ON case_acts ("by", act_id);
CREATE INDEX IF NOT EXISTS case_acts_together ON case_acts (together);
CREATE INDEX IF NOT EXISTS case_acts_undone ON case_acts (undoes);
CREATE TABLE IF NOT EXISTS rests_on (
    item_id INTEGER NOT NULL,
    fence INTEGER NOT NULL,
    sha256 VARCHAR(64) NOT NULL,
    PRIMARY KEY (item_id, fence, sha256),
    FOREIGN KEY(item_id, fence) REFERENCES conclusions (item_id, fence),
    FOREIGN KEY(sha256) REFERENCES evidence (sha256)
);
CREATE TABLE IF NOT EXISTS visit_rests_on (
    item_id INTEGER NOT NULL,
    fence INTEGER NOT NULL,
    sha256 VARCHAR(64) NOT NULL,
    PRIMARY KEY (item_id, fence, sha256),
    FOREIGN KEY(item_id, fence) REFERENCES visit_conclusions (item_id, fence),
    FOREIGN KEY(sha256) REFERENCES evidence (sha256)
);
