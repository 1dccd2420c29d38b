BEGIN TRANSACTION;
CREATE TABLE accounts (
	account VARCHAR NOT NULL, 
	fence INTEGER NOT NULL, 
	owner VARCHAR, 
	leased_until DATETIME, 
	PRIMARY KEY (account)
);
CREATE TABLE conclusions (
	item_id INTEGER NOT NULL, 
	fence INTEGER NOT NULL, 
	conclusion TEXT NOT NULL, 
	seconds VARCHAR, 
	concluded_at DATETIME NOT NULL, 
	PRIMARY KEY (item_id, fence), 
	FOREIGN KEY(item_id) REFERENCES items (item_id)
);
INSERT INTO "conclusions" VALUES(1,1,'{"outcome":"paid","finding":{"kind":"kind","why":"Why.","dollars":"20.00","next_action":"Do this.","due":"2026-11-24","due_basis":"a rule","needs_person":false,"rule":"","observed":[],"figures":[]},"status_category":null,"status_words":null,"payer_claim_number":null,"service_from":null,"charge":null,"paid":null,"patient_responsibility":null,"payment_date":null,"trace_number":null,"reason_codes":[],"evidence":["3660315a9af3df255d8f19ab077e4797822b41488a0e2a04bc6af71213c23274"],"places":{},"no_answer":null,"detail":null,"others":[]}','1.50','2026-11-24 03:00:00.000000');
INSERT INTO "conclusions" VALUES(2,1,'{"outcome":"no_answer","finding":{"kind":"kind","why":"Why.","dollars":"20.00","next_action":"Do this.","due":"2026-11-24","due_basis":"a rule","needs_person":false,"rule":"","observed":[],"figures":[]},"status_category":null,"status_words":null,"payer_claim_number":null,"service_from":null,"charge":null,"paid":null,"patient_responsibility":null,"payment_date":null,"trace_number":null,"reason_codes":[],"evidence":[],"places":{},"no_answer":"several_matches","detail":null,"others":[]}','2','2026-11-24 03:00:00.000000');
CREATE TABLE drift (
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
CREATE TABLE evidence (
	sha256 VARCHAR(64) NOT NULL, 
	media_type VARCHAR NOT NULL, 
	size INTEGER NOT NULL, 
	PRIMARY KEY (sha256)
);
INSERT INTO "evidence" VALUES('3660315a9af3df255d8f19ab077e4797822b41488a0e2a04bc6af71213c23274','text/html',4);
CREATE TABLE exports (
	sweep_id VARCHAR NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	position INTEGER NOT NULL, 
	name VARCHAR NOT NULL, 
	system VARCHAR NOT NULL, 
	rows_in INTEGER NOT NULL, 
	PRIMARY KEY (sweep_id, sha256), 
	FOREIGN KEY(sweep_id) REFERENCES sweeps (sweep_id)
);
INSERT INTO "exports" VALUES('night','eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee',0,'worklist.csv','generic',3);
CREATE TABLE items (
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
INSERT INTO "items" VALUES(1,'night','eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee','',1,'C00001','acme','{"claim_id":"C00001","payer":"acme","payer_name":"Acme Plan","member_id":"MBR777","patient_last":"Quillfeather","patient_first":"Ottoline","date_of_birth":"1961-02-03","service_from":"2026-09-01","service_to":"2026-09-01","billed":"100.00","balance":"100.00","source":{"export_sha256":"eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee","row":1,"sheet":null},"payer_claim_number":null,"provider_npi":null,"provider_tin":null,"submitted":null,"last_billed":null,"secondary_payer":null,"authorization_number":null,"insurance_paid":null,"owner":null,"contract":null}','answered',NULL,1,1,NULL,NULL);
INSERT INTO "items" VALUES(2,'night','eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee','',2,'C00002','acme','{"claim_id":"C00002","payer":"acme","payer_name":"Acme Plan","member_id":"MBR777","patient_last":"Quillfeather","patient_first":"Ottoline","date_of_birth":"1961-02-03","service_from":"2026-09-01","service_to":"2026-09-01","billed":"100.00","balance":"100.00","source":{"export_sha256":"eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee","row":2,"sheet":null},"payer_claim_number":null,"provider_npi":null,"provider_tin":null,"submitted":null,"last_billed":null,"secondary_payer":null,"authorization_number":null,"insurance_paid":null,"owner":null,"contract":null}','no_answer','several_matches',1,1,NULL,NULL);
INSERT INTO "items" VALUES(3,'night','eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee','',3,'C00003','acme','{"claim_id":"C00003","payer":"acme","payer_name":"Acme Plan","member_id":"MBR777","patient_last":"Quillfeather","patient_first":"Ottoline","date_of_birth":"1961-02-03","service_from":"2026-09-01","service_to":"2026-09-01","billed":"100.00","balance":"100.00","source":{"export_sha256":"eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee","row":3,"sheet":null},"payer_claim_number":null,"provider_npi":null,"provider_tin":null,"submitted":null,"last_billed":null,"secondary_payer":null,"authorization_number":null,"insurance_paid":null,"owner":null,"contract":null}','pending',NULL,0,0,NULL,NULL);
CREATE TABLE logins (
	login_id INTEGER NOT NULL, 
	account VARCHAR NOT NULL, 
	attempted_at DATETIME NOT NULL, 
	accepted BOOLEAN, 
	result_at DATETIME, 
	cleared_at DATETIME, 
	PRIMARY KEY (login_id)
);
CREATE TABLE observations (
	item_id INTEGER NOT NULL, 
	fence INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	observed_at DATETIME NOT NULL, 
	observation TEXT NOT NULL, 
	PRIMARY KEY (item_id, fence, position), 
	FOREIGN KEY(item_id) REFERENCES items (item_id)
);
INSERT INTO "observations" VALUES(1,1,0,'2026-11-24 03:00:00.000000','{"channel":"portal","observed_at":"2026-11-24T03:00:00Z","answer":{"value":{"words":"Paid","category":"F1","payer_claim_number":"P1","member_id":"MBR777","date_of_birth":"1961-02-03","service_from":"2026-09-01","service_to":null,"charge":"100.00","allowed":null,"paid":"80.00","patient_responsibility":null,"payment_date":null,"trace_number":null,"reason_codes":[],"note":null}},"captures":["3660315a9af3df255d8f19ab077e4797822b41488a0e2a04bc6af71213c23274"],"places":{"paid":{"sha256":"3660315a9af3df255d8f19ab077e4797822b41488a0e2a04bc6af71213c23274","where":"row 2, Paid","page":1,"box":[1.0,2.0,3.5,4.0],"image":null}},"search":null}');
INSERT INTO "observations" VALUES(2,1,0,'2026-11-24 03:00:00.000000','{"channel":"portal","observed_at":"2026-11-24T03:00:00Z","answer":{"reason":"several_matches","detail":"It did not say."},"captures":[],"places":{},"search":null}');
CREATE TABLE payer_notes (
	sweep_id VARCHAR NOT NULL, 
	payer VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	sentence TEXT NOT NULL, 
	PRIMARY KEY (sweep_id, payer, kind), 
	FOREIGN KEY(sweep_id) REFERENCES sweeps (sweep_id)
);
CREATE TABLE postings (
	"key" VARCHAR NOT NULL, 
	posting TEXT NOT NULL, 
	sweep_id VARCHAR NOT NULL, 
	item_id INTEGER NOT NULL, 
	PRIMARY KEY ("key"), 
	FOREIGN KEY(sweep_id) REFERENCES sweeps (sweep_id), 
	FOREIGN KEY(item_id) REFERENCES items (item_id)
);
INSERT INTO "postings" VALUES('acme|T1|P1|0|payment||80.00','{"payer":"acme","trace_number":"T1","payer_claim_number":"P1","line":0,"kind":"payment","code":"","amount":"80.00","evidence":null,"claim_id":""}','night',1);
INSERT INTO "postings" VALUES('acme|T2|P1|1|payment||5.00','{"payer":"acme","trace_number":"T2","payer_claim_number":"P1","line":1,"kind":"payment","code":"","amount":"5.00","evidence":null,"claim_id":""}','night',1);
CREATE TABLE proposals (
	sweep_id VARCHAR NOT NULL, 
	"key" VARCHAR NOT NULL, 
	item_id INTEGER NOT NULL, 
	PRIMARY KEY (sweep_id, "key", item_id), 
	FOREIGN KEY(sweep_id) REFERENCES sweeps (sweep_id), 
	FOREIGN KEY("key") REFERENCES postings ("key"), 
	FOREIGN KEY(item_id) REFERENCES items (item_id)
);
INSERT INTO "proposals" VALUES('night','acme|T1|P1|0|payment||80.00',1);
INSERT INTO "proposals" VALUES('night','acme|T2|P1|1|payment||5.00',1);
CREATE TABLE refused_rows (
	sweep_id VARCHAR NOT NULL, 
	position INTEGER NOT NULL, 
	"row" INTEGER NOT NULL, 
	sheet VARCHAR, 
	why TEXT NOT NULL, 
	PRIMARY KEY (sweep_id, position), 
	FOREIGN KEY(sweep_id) REFERENCES sweeps (sweep_id)
);
CREATE TABLE rests_on (
	item_id INTEGER NOT NULL, 
	fence INTEGER NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	PRIMARY KEY (item_id, fence, sha256), 
	FOREIGN KEY(item_id, fence) REFERENCES conclusions (item_id, fence), 
	FOREIGN KEY(sha256) REFERENCES evidence (sha256)
);
INSERT INTO "rests_on" VALUES(1,1,'3660315a9af3df255d8f19ab077e4797822b41488a0e2a04bc6af71213c23274');
CREATE TABLE schema_version (
	version INTEGER NOT NULL, 
	PRIMARY KEY (version)
);
INSERT INTO "schema_version" VALUES(2);
CREATE TABLE sweeps (
	sweep_id VARCHAR NOT NULL, 
	business_date DATE NOT NULL, 
	started_at DATETIME NOT NULL, 
	finished_at DATETIME, 
	PRIMARY KEY (sweep_id)
);
INSERT INTO "sweeps" VALUES('night','2026-11-24','2026-11-24 03:00:00.000000',NULL);
CREATE TABLE visit_conclusions (
	item_id INTEGER NOT NULL, 
	fence INTEGER NOT NULL, 
	conclusion TEXT NOT NULL, 
	seconds VARCHAR, 
	concluded_at DATETIME NOT NULL, 
	PRIMARY KEY (item_id, fence), 
	FOREIGN KEY(item_id) REFERENCES visits (item_id)
);
CREATE TABLE visit_observations (
	item_id INTEGER NOT NULL, 
	fence INTEGER NOT NULL, 
	observed_at DATETIME NOT NULL, 
	observation TEXT NOT NULL, 
	PRIMARY KEY (item_id, fence), 
	FOREIGN KEY(item_id) REFERENCES visits (item_id)
);
CREATE TABLE visit_rests_on (
	item_id INTEGER NOT NULL, 
	fence INTEGER NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	PRIMARY KEY (item_id, fence, sha256), 
	FOREIGN KEY(item_id, fence) REFERENCES visit_conclusions (item_id, fence), 
	FOREIGN KEY(sha256) REFERENCES evidence (sha256)
);
CREATE TABLE visits (
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
CREATE INDEX logins_by_account ON logins (account, login_id);
CREATE INDEX items_by_claim ON items (claim_id, payer, sweep_id);
CREATE INDEX items_to_do ON items (sweep_id, payer, state, attempts, item_id);
CREATE INDEX visits_by_question ON visits (question);
CREATE INDEX visits_to_do ON visits (sweep_id, payer, state, attempts, item_id);
CREATE INDEX visits_by_person ON visits (person);
CREATE INDEX postings_by_sweep ON postings (sweep_id, item_id);
COMMIT;
