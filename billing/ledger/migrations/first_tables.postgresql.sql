CREATE TABLE IF NOT EXISTS accounts (
    account VARCHAR COLLATE "C" NOT NULL,
    fence BIGINT NOT NULL,
    owner VARCHAR COLLATE "C",
    leased_until TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (account)
);
CREATE TABLE IF NOT EXISTS alembic_version (
    version_num VARCHAR(32) COLLATE "C" NOT NULL,
    PRIMARY KEY (version_num)
);
CREATE TABLE IF NOT EXISTS alert_signals (
    kind VARCHAR COLLATE "C" NOT NULL,
    subject VARCHAR COLLATE "C" NOT NULL,
    sentence TEXT COLLATE "C" NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (kind, subject)
);
CREATE TABLE IF NOT EXISTS alerts (
    alert_id BIGSERIAL NOT NULL,
    kind VARCHAR COLLATE "C" NOT NULL,
    subject VARCHAR COLLATE "C" NOT NULL,
    severity VARCHAR COLLATE "C" NOT NULL,
    sentence TEXT COLLATE "C" NOT NULL,
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (alert_id)
);
CREATE INDEX IF NOT EXISTS alerts_open ON alerts (ended_at, kind, subject);
CREATE TABLE IF NOT EXISTS audit (
    seq BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    who VARCHAR COLLATE "C" NOT NULL,
    act VARCHAR COLLATE "C" NOT NULL,
    subject VARCHAR COLLATE "C" NOT NULL,
    detail TEXT COLLATE "C" NOT NULL,
    hash VARCHAR(64) COLLATE "C" NOT NULL,
    PRIMARY KEY (seq)
);
CREATE INDEX IF NOT EXISTS audit_by_subject ON audit (subject, seq);
CREATE TABLE IF NOT EXISTS batches (
    batch_id VARCHAR COLLATE "C" NOT NULL,
    run VARCHAR COLLATE "C" NOT NULL,
    state VARCHAR COLLATE "C" NOT NULL,
    proposed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (batch_id)
);
CREATE INDEX IF NOT EXISTS batches_by_run ON batches (run);
CREATE TABLE IF NOT EXISTS evidence (
    sha256 VARCHAR(64) COLLATE "C" NOT NULL,
    media_type VARCHAR COLLATE "C" NOT NULL,
    size BIGINT NOT NULL,
    PRIMARY KEY (sha256)
);
CREATE TABLE IF NOT EXISTS forgotten_evidence (
    sha256 VARCHAR(64) COLLATE "C" NOT NULL,
    kind VARCHAR COLLATE "C" NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    gone BOOLEAN NOT NULL,
    PRIMARY KEY (sha256)
);
CREATE TABLE IF NOT EXISTS held (
    run VARCHAR COLLATE "C" NOT NULL,
    unit VARCHAR COLLATE "C" NOT NULL,
    why TEXT COLLATE "C" NOT NULL,
    already BOOLEAN NOT NULL,
    postings TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (run, unit)
);
CREATE TABLE IF NOT EXISTS logins (
    login_id BIGSERIAL NOT NULL,
    account VARCHAR COLLATE "C" NOT NULL,
    attempted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    accepted BOOLEAN,
    result_at TIMESTAMP WITH TIME ZONE,
    cleared_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (login_id)
);
CREATE INDEX IF NOT EXISTS logins_by_account ON logins (account, login_id);
CREATE TABLE IF NOT EXISTS schema_version (
    version BIGINT NOT NULL,
    PRIMARY KEY (version)
);
CREATE TABLE IF NOT EXISTS sealing_keys (
    key_id VARCHAR COLLATE "C" NOT NULL,
    wrapped TEXT COLLATE "C" NOT NULL,
    wrapped_by VARCHAR COLLATE "C" NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    retired_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (key_id)
);
CREATE TABLE IF NOT EXISTS sign_ins (
    sign_in_id BIGSERIAL NOT NULL,
    name VARCHAR(64) COLLATE "C" NOT NULL,
    origin VARCHAR(64) COLLATE "C" NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    accepted BOOLEAN NOT NULL,
    PRIMARY KEY (sign_in_id)
);
CREATE INDEX IF NOT EXISTS sign_ins_by_name ON sign_ins (name, at);
CREATE INDEX IF NOT EXISTS sign_ins_by_origin ON sign_ins (origin, at);
CREATE TABLE IF NOT EXISTS sweeps (
    sweep_id VARCHAR COLLATE "C" NOT NULL,
    business_date DATE NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (sweep_id)
);
CREATE TABLE IF NOT EXISTS users (
    user_id VARCHAR COLLATE "C" NOT NULL,
    name VARCHAR COLLATE "C" NOT NULL,
    role BIGINT NOT NULL,
    password VARCHAR COLLATE "C",
    identity VARCHAR COLLATE "C",
    totp VARCHAR COLLATE "C",
    totp_step BIGINT,
    active BOOLEAN NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (user_id),
    UNIQUE (name),
    UNIQUE (identity)
);
CREATE TABLE IF NOT EXISTS alert_tellings (
    alert_id BIGINT NOT NULL,
    "to" VARCHAR COLLATE "C" NOT NULL,
    severity VARCHAR COLLATE "C" NOT NULL,
    told_at TIMESTAMP WITH TIME ZONE NOT NULL,
    end_told_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (alert_id, "to"),
    FOREIGN KEY(alert_id) REFERENCES alerts (alert_id)
);
CREATE TABLE IF NOT EXISTS bank_files (
    sha256 VARCHAR(64) COLLATE "C" NOT NULL,
    name VARCHAR COLLATE "C" NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (sha256),
    FOREIGN KEY(sha256) REFERENCES evidence (sha256)
);
CREATE TABLE IF NOT EXISTS batch_acts (
    batch_id VARCHAR COLLATE "C" NOT NULL,
    state VARCHAR COLLATE "C" NOT NULL,
    by VARCHAR COLLATE "C" NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (batch_id, state),
    FOREIGN KEY(batch_id) REFERENCES batches (batch_id)
);
CREATE TABLE IF NOT EXISTS batch_files (
    batch_id VARCHAR COLLATE "C" NOT NULL,
    name VARCHAR COLLATE "C" NOT NULL,
    sha256 VARCHAR(64) COLLATE "C" NOT NULL,
    PRIMARY KEY (batch_id, name),
    FOREIGN KEY(batch_id) REFERENCES batches (batch_id),
    FOREIGN KEY(sha256) REFERENCES evidence (sha256)
);
CREATE TABLE IF NOT EXISTS drift (
    sweep_id VARCHAR COLLATE "C" NOT NULL,
    payer VARCHAR COLLATE "C" NOT NULL,
    wanted VARCHAR COLLATE "C" NOT NULL,
    found_by VARCHAR COLLATE "C",
    nth BIGINT NOT NULL,
    evidence VARCHAR(64) COLLATE "C",
    PRIMARY KEY (sweep_id, payer, wanted),
    FOREIGN KEY(sweep_id) REFERENCES sweeps (sweep_id),
    FOREIGN KEY(evidence) REFERENCES evidence (sha256)
);
CREATE TABLE IF NOT EXISTS entries (
    unit VARCHAR COLLATE "C" NOT NULL,
    batch_id VARCHAR COLLATE "C" NOT NULL,
    number VARCHAR COLLATE "C" NOT NULL,
    account VARCHAR COLLATE "C" NOT NULL,
    after VARCHAR COLLATE "C" NOT NULL,
    PRIMARY KEY (unit),
    FOREIGN KEY(batch_id) REFERENCES batches (batch_id)
);
CREATE INDEX IF NOT EXISTS entries_after ON entries (after);
CREATE INDEX IF NOT EXISTS entries_by_account ON entries (account);
CREATE INDEX IF NOT EXISTS entries_by_batch ON entries (batch_id);
CREATE INDEX IF NOT EXISTS entries_by_number ON entries (number);
CREATE TABLE IF NOT EXISTS exports (
    sweep_id VARCHAR COLLATE "C" NOT NULL,
    sha256 VARCHAR(64) COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    name VARCHAR COLLATE "C" NOT NULL,
    system VARCHAR COLLATE "C" NOT NULL,
    rows_in BIGINT NOT NULL,
    PRIMARY KEY (sweep_id, sha256),
    FOREIGN KEY(sweep_id) REFERENCES sweeps (sweep_id)
);
CREATE TABLE IF NOT EXISTS given_passwords (
    user_id VARCHAR COLLATE "C" NOT NULL,
    PRIMARY KEY (user_id),
    FOREIGN KEY(user_id) REFERENCES users (user_id)
);
CREATE TABLE IF NOT EXISTS items (
    item_id BIGSERIAL NOT NULL,
    sweep_id VARCHAR COLLATE "C" NOT NULL,
    export_sha256 VARCHAR(64) COLLATE "C" NOT NULL,
    sheet VARCHAR COLLATE "C" NOT NULL,
    row BIGINT NOT NULL,
    claim_id VARCHAR COLLATE "C" NOT NULL,
    payer VARCHAR COLLATE "C",
    claim TEXT COLLATE "C" NOT NULL,
    state VARCHAR COLLATE "C" NOT NULL,
    no_answer VARCHAR COLLATE "C",
    attempts BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    owner VARCHAR COLLATE "C",
    leased_until TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (item_id),
    UNIQUE (sweep_id, export_sha256, sheet, row),
    FOREIGN KEY(sweep_id) REFERENCES sweeps (sweep_id)
);
CREATE INDEX IF NOT EXISTS items_by_claim ON items (claim_id, payer, sweep_id);
CREATE INDEX IF NOT EXISTS items_to_do ON items (sweep_id, payer, state, attempts, item_id);
CREATE TABLE IF NOT EXISTS payer_notes (
    sweep_id VARCHAR COLLATE "C" NOT NULL,
    payer VARCHAR COLLATE "C" NOT NULL,
    kind VARCHAR COLLATE "C" NOT NULL,
    sentence TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (sweep_id, payer, kind),
    FOREIGN KEY(sweep_id) REFERENCES sweeps (sweep_id)
);
CREATE TABLE IF NOT EXISTS recovery_codes (
    user_id VARCHAR COLLATE "C" NOT NULL,
    sha256 VARCHAR(64) COLLATE "C" NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (user_id, sha256),
    FOREIGN KEY(user_id) REFERENCES users (user_id)
);
CREATE TABLE IF NOT EXISTS refused_rows (
    sweep_id VARCHAR COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    row BIGINT NOT NULL,
    sheet VARCHAR COLLATE "C",
    why TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (sweep_id, position),
    FOREIGN KEY(sweep_id) REFERENCES sweeps (sweep_id)
);
CREATE TABLE IF NOT EXISTS remittances (
    sha256 VARCHAR(64) COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    payment VARCHAR COLLATE "C" NOT NULL,
    payer VARCHAR COLLATE "C" NOT NULL,
    trace VARCHAR COLLATE "C" NOT NULL,
    payment_date DATE NOT NULL,
    amount VARCHAR COLLATE "C" NOT NULL,
    channel VARCHAR COLLATE "C" NOT NULL,
    run VARCHAR COLLATE "C" NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    unbalanced TEXT COLLATE "C" NOT NULL,
    remittance TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (sha256, position),
    FOREIGN KEY(sha256) REFERENCES evidence (sha256)
);
CREATE INDEX IF NOT EXISTS remittances_by_payment ON remittances (payment);
CREATE INDEX IF NOT EXISTS remittances_by_trace ON remittances (trace);
CREATE TABLE IF NOT EXISTS runs (
    run_id BIGSERIAL NOT NULL,
    what VARCHAR COLLATE "C" NOT NULL,
    about VARCHAR COLLATE "C" NOT NULL,
    sweep_id VARCHAR COLLATE "C",
    by VARCHAR COLLATE "C" NOT NULL,
    begun_at TIMESTAMP WITH TIME ZONE NOT NULL,
    owner VARCHAR COLLATE "C" NOT NULL,
    taken_at TIMESTAMP WITH TIME ZONE,
    stop_asked_at TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE,
    ended VARCHAR COLLATE "C",
    said TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (run_id),
    FOREIGN KEY(sweep_id) REFERENCES sweeps (sweep_id)
);
CREATE INDEX IF NOT EXISTS runs_by_subject ON runs (what, about, run_id);
CREATE INDEX IF NOT EXISTS runs_by_sweep ON runs (sweep_id, run_id);
CREATE TABLE IF NOT EXISTS saved_views (
    user_id VARCHAR COLLATE "C" NOT NULL,
    name VARCHAR COLLATE "C" NOT NULL,
    query VARCHAR COLLATE "C" NOT NULL,
    PRIMARY KEY (user_id, name),
    FOREIGN KEY(user_id) REFERENCES users (user_id)
);
CREATE TABLE IF NOT EXISTS settlements (
    settlement_id BIGSERIAL NOT NULL,
    payment VARCHAR COLLATE "C" NOT NULL,
    sha256 VARCHAR(64) COLLATE "C",
    position BIGINT,
    differs TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    by VARCHAR COLLATE "C" NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (settlement_id),
    FOREIGN KEY(sha256) REFERENCES evidence (sha256)
);
CREATE TABLE IF NOT EXISTS taken_up (
    sweep_id VARCHAR COLLATE "C" NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (sweep_id),
    FOREIGN KEY(sweep_id) REFERENCES sweeps (sweep_id)
);
CREATE TABLE IF NOT EXISTS tokens (
    sha256 VARCHAR(64) COLLATE "C" NOT NULL,
    name VARCHAR COLLATE "C" NOT NULL,
    scopes VARCHAR COLLATE "C" NOT NULL,
    made_by VARCHAR COLLATE "C" NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_on DATE NOT NULL,
    per_minute BIGINT NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE,
    revoked_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (sha256),
    UNIQUE (name),
    FOREIGN KEY(made_by) REFERENCES users (user_id)
);
CREATE TABLE IF NOT EXISTS visits (
    item_id BIGSERIAL NOT NULL,
    sweep_id VARCHAR COLLATE "C" NOT NULL,
    export_sha256 VARCHAR(64) COLLATE "C" NOT NULL,
    sheet VARCHAR COLLATE "C" NOT NULL,
    row BIGINT NOT NULL,
    date DATE NOT NULL,
    question VARCHAR(64) COLLATE "C" NOT NULL,
    person VARCHAR(64) COLLATE "C" NOT NULL,
    payer VARCHAR COLLATE "C",
    visit TEXT COLLATE "C" NOT NULL,
    state VARCHAR COLLATE "C" NOT NULL,
    no_answer VARCHAR COLLATE "C",
    attempts BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    owner VARCHAR COLLATE "C",
    leased_until TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (item_id),
    UNIQUE (sweep_id, export_sha256, sheet, row),
    FOREIGN KEY(sweep_id) REFERENCES sweeps (sweep_id)
);
CREATE INDEX IF NOT EXISTS visits_by_person ON visits (person);
CREATE INDEX IF NOT EXISTS visits_by_question ON visits (question);
CREATE INDEX IF NOT EXISTS visits_to_do ON visits (sweep_id, payer, state, attempts, item_id);
CREATE TABLE IF NOT EXISTS web_sessions (
    sha256 VARCHAR(64) COLLATE "C" NOT NULL,
    user_id VARCHAR COLLATE "C" NOT NULL,
    begun_at TIMESTAMP WITH TIME ZONE NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    complete BOOLEAN NOT NULL,
    PRIMARY KEY (sha256),
    FOREIGN KEY(user_id) REFERENCES users (user_id)
);
CREATE INDEX IF NOT EXISTS web_sessions_by_user ON web_sessions (user_id);
CREATE TABLE IF NOT EXISTS cases (
    case_id BIGSERIAL NOT NULL,
    payer VARCHAR COLLATE "C" NOT NULL,
    claim_id VARCHAR COLLATE "C" NOT NULL,
    item_id BIGINT NOT NULL,
    state VARCHAR COLLATE "C" NOT NULL,
    kind VARCHAR COLLATE "C" NOT NULL,
    said VARCHAR(64) COLLATE "C" NOT NULL,
    desk VARCHAR COLLATE "C" NOT NULL,
    assignee VARCHAR COLLATE "C",
    dollars BIGINT NOT NULL,
    chance VARCHAR COLLATE "C" NOT NULL,
    needs_person BOOLEAN NOT NULL,
    due DATE,
    service_from DATE NOT NULL,
    opened_on DATE NOT NULL,
    snoozed_until DATE,
    priority BIGINT NOT NULL,
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
    item_id BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    conclusion TEXT COLLATE "C" NOT NULL,
    seconds VARCHAR COLLATE "C",
    concluded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (item_id, fence),
    FOREIGN KEY(item_id) REFERENCES items (item_id)
);
CREATE TABLE IF NOT EXISTS kept_answers (
    token VARCHAR(64) COLLATE "C" NOT NULL,
    key VARCHAR(64) COLLATE "C" NOT NULL,
    request VARCHAR(64) COLLATE "C" NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    answer TEXT COLLATE "C",
    PRIMARY KEY (token, key),
    FOREIGN KEY(token) REFERENCES tokens (sha256)
);
CREATE INDEX IF NOT EXISTS kept_answers_by_age ON kept_answers (at);
CREATE TABLE IF NOT EXISTS observations (
    item_id BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    position BIGINT NOT NULL,
    observed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    observation TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (item_id, fence, position),
    FOREIGN KEY(item_id) REFERENCES items (item_id)
);
CREATE TABLE IF NOT EXISTS postings (
    batch_id VARCHAR COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    key VARCHAR COLLATE "C" NOT NULL,
    unit VARCHAR COLLATE "C" NOT NULL,
    item_id BIGINT,
    posting TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (batch_id, position),
    UNIQUE (batch_id, key),
    FOREIGN KEY(batch_id) REFERENCES batches (batch_id),
    FOREIGN KEY(item_id) REFERENCES items (item_id)
);
CREATE INDEX IF NOT EXISTS postings_by_unit ON postings (unit);
CREATE TABLE IF NOT EXISTS remitted_claims (
    sha256 VARCHAR(64) COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    nth BIGINT NOT NULL,
    number VARCHAR COLLATE "C" NOT NULL,
    own VARCHAR COLLATE "C" NOT NULL,
    claim TEXT COLLATE "C" NOT NULL,
    places TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (sha256, position, nth),
    FOREIGN KEY(sha256, position) REFERENCES remittances (sha256, position)
);
CREATE INDEX IF NOT EXISTS remitted_claims_by_number ON remitted_claims (number);
CREATE INDEX IF NOT EXISTS remitted_claims_by_own ON remitted_claims (own);
CREATE TABLE IF NOT EXISTS visit_conclusions (
    item_id BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    conclusion TEXT COLLATE "C" NOT NULL,
    seconds VARCHAR COLLATE "C",
    concluded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (item_id, fence),
    FOREIGN KEY(item_id) REFERENCES visits (item_id)
);
CREATE TABLE IF NOT EXISTS visit_observations (
    item_id BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    observed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    observation TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (item_id, fence),
    FOREIGN KEY(item_id) REFERENCES visits (item_id)
);
CREATE TABLE IF NOT EXISTS case_acts (
    act_id BIGSERIAL NOT NULL,
    together VARCHAR COLLATE "C" NOT NULL,
    case_id BIGINT NOT NULL,
    act VARCHAR COLLATE "C" NOT NULL,
    by VARCHAR COLLATE "C" NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    before TEXT COLLATE "C" NOT NULL,
    after TEXT COLLATE "C" NOT NULL,
    note TEXT COLLATE "C" NOT NULL,
    undoes VARCHAR COLLATE "C",
    PRIMARY KEY (act_id),
    FOREIGN KEY(case_id) REFERENCES cases (case_id)
);
CREATE INDEX IF NOT EXISTS case_acts_by_case ON case_acts (case_id, act_id);
CREATE INDEX IF NOT EXISTS case_acts_by_hand ON case_acts (by, act_id);
CREATE INDEX IF NOT EXISTS case_acts_together ON case_acts (together);
CREATE INDEX IF NOT EXISTS case_acts_undone ON case_acts (undoes);
CREATE TABLE IF NOT EXISTS rests_on (
    item_id BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    sha256 VARCHAR(64) COLLATE "C" NOT NULL,
    PRIMARY KEY (item_id, fence, sha256),
    FOREIGN KEY(item_id, fence) REFERENCES conclusions (item_id, fence),
    FOREIGN KEY(sha256) REFERENCES evidence (sha256)
);
CREATE TABLE IF NOT EXISTS visit_rests_on (
    item_id BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    sha256 VARCHAR(64) COLLATE "C" NOT NULL,
    PRIMARY KEY (item_id, fence, sha256),
    FOREIGN KEY(item_id, fence) REFERENCES visit_conclusions (item_id, fence),
    FOREIGN KEY(sha256) REFERENCES evidence (sha256)
);
