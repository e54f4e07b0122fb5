-- What a dump would call post-data, and everything that must not touch the rows while they are loaded.

ALTER TABLE users ADD PRIMARY KEY (id), ADD UNIQUE (login);
ALTER TABLE investigations ADD PRIMARY KEY (id);
ALTER TABLE entities ADD PRIMARY KEY (id);
ALTER TABLE runs ADD PRIMARY KEY (id);
ALTER TABLE tasks ADD PRIMARY KEY (id);
ALTER TABLE results ADD PRIMARY KEY (id);
ALTER TABLE runbooks ADD PRIMARY KEY (id), ADD CONSTRAINT "one name each" UNIQUE (name);
ALTER TABLE audit_logs ADD PRIMARY KEY (seq);
ALTER TABLE configuration ADD PRIMARY KEY (name);
ALTER TABLE billing ADD PRIMARY KEY (id, due, user_id);

ALTER TABLE users ADD FOREIGN KEY (tenant_id) REFERENCES tenants;
ALTER TABLE investigations ADD FOREIGN KEY (tenant_id) REFERENCES tenants,
    ADD FOREIGN KEY (lead_user_id) REFERENCES users ON DELETE SET NULL;
ALTER TABLE entities ADD FOREIGN KEY (investigation_id) REFERENCES investigations ON DELETE CASCADE;
ALTER TABLE runs ADD FOREIGN KEY (investigation_id) REFERENCES investigations;
ALTER TABLE tasks ADD FOREIGN KEY (run_id) REFERENCES runs ON DELETE CASCADE,
    ADD CONSTRAINT parent_exists FOREIGN KEY (parent_id) REFERENCES tasks DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE results ADD FOREIGN KEY (task_id) REFERENCES tasks ON DELETE CASCADE;
ALTER TABLE billing ADD FOREIGN KEY (user_id) REFERENCES users;
ALTER TABLE attachments ADD FOREIGN KEY (investigation_id) REFERENCES investigations;

ALTER TABLE investigations ADD CONSTRAINT opens_once CHECK (NOT isempty(open));
ALTER TABLE results ADD CONSTRAINT known_kind CHECK (kind <> 'unknown') NOT VALID;
-- A vessel is in one place at a time.
CREATE TABLE berths (
    harbour text,
    imo integer,
    stay tsrange,
    EXCLUDE USING gist (imo WITH =, stay WITH &&)
);
INSERT INTO berths VALUES ('Bergen', 1, '[2026-01-01,2026-01-05)'), ('Oslo', 1, '[2026-01-05,2026-02-01)'), ('Oslo', 2, '(,)');

CREATE INDEX entities_by_embedding ON entities USING hnsw (embedding vector_l2_ops) WITH (m = 8, ef_construction = 16);
CREATE INDEX entities_by_name ON entities USING gin (name gin_trgm_ops);
CREATE INDEX entities_by_attributes ON entities USING gin (attributes jsonb_path_ops);
CREATE INDEX entities_by_tenant ON entities (tenant_id, investigation_id) INCLUDE (kind);
CREATE INDEX entities_risky ON entities (risk DESC NULLS LAST) WHERE kind = 'person';
CREATE INDEX users_by_search ON users USING gin (search);
CREATE INDEX users_by_lower_email ON users (lower(email));
CREATE INDEX audit_logs_by_time ON audit_logs USING brin (ts);
CREATE INDEX events_by_entity ON events (entity_id, time DESC);
CREATE INDEX billing_by_user ON billing (user_id);
CREATE STATISTICS entities_dependencies (dependencies, ndistinct) ON tenant_id, investigation_id FROM entities;

CREATE VIEW active_users AS SELECT id, tenant_id, name FROM users WHERE deleted_at IS NULL;
CREATE VIEW active_leads WITH (security_barrier) AS
    SELECT i.id AS investigation_id, u.name FROM investigations i JOIN active_users u ON u.id = i.lead_user_id;
CREATE RECURSIVE VIEW task_depth (id, depth) AS
    SELECT id, 0 FROM tasks WHERE parent_id IS NULL
    UNION ALL SELECT t.id, d.depth + 1 FROM tasks t JOIN task_depth d ON t.parent_id = d.id;

CREATE UNIQUE INDEX tenant_sizes_key ON analytics.tenant_sizes (tenant_id);
REFRESH MATERIALIZED VIEW analytics.tenant_sizes;
CREATE MATERIALIZED VIEW analytics.largest AS SELECT tenant_id FROM analytics.tenant_sizes ORDER BY entities DESC, tenant_id LIMIT 1;

CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    NEW.updated_at := transaction_timestamp();  -- it's "awkward" on purpose: $1 \ ''
    RETURN NEW;
END
$body$;
CREATE TRIGGER touch_investigation BEFORE UPDATE ON investigations FOR EACH ROW
    WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch();

CREATE FUNCTION refuse_changes() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    RAISE EXCEPTION 'entries of the audit log never change';
END
$body$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_logs FOR EACH ROW EXECUTE FUNCTION refuse_changes();

-- Would spoil a restore that loads rows with the triggers in place.
CREATE FUNCTION mark_as_imported() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.source := 'trigger'; RETURN NEW; END $$;
CREATE TRIGGER mark BEFORE INSERT ON imported_lines FOR EACH ROW EXECUTE FUNCTION mark_as_imported();

CREATE FUNCTION entity_count(tenant text, OUT found bigint) LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (SELECT count(*) FROM entities WHERE tenant_id = tenant);
CREATE PROCEDURE close_run(run uuid) LANGUAGE sql BEGIN ATOMIC
    UPDATE runs SET status = 'done' WHERE id = run;
END;
CREATE AGGREGATE product(double precision) (SFUNC = float8mul, STYPE = double precision, INITCOND = '1');
CREATE RULE no_deletes AS ON DELETE TO runbooks DO INSTEAD NOTHING;

ALTER TABLE entities ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON entities USING (tenant_id = current_setting('summit.tenant', true));
ALTER TABLE investigations ENABLE ROW LEVEL SECURITY;
ALTER TABLE investigations FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON investigations FOR SELECT USING (tenant_id = current_setting('summit.tenant', true));
CREATE POLICY leads_write ON investigations AS RESTRICTIVE FOR UPDATE WITH CHECK (importance < 5);

CREATE ROLE summit_reader NOLOGIN;
CREATE ROLE "summit App" LOGIN CONNECTION LIMIT 50 IN ROLE summit_reader;
ALTER ROLE "summit App" SET search_path = public, analytics;
GRANT USAGE ON SCHEMA public, analytics, "Case Files" TO summit_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA public, analytics TO summit_reader;
GRANT UPDATE (title, importance) ON investigations TO "summit App";
REVOKE ALL ON configuration FROM summit_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA analytics GRANT SELECT ON TABLES TO summit_reader;
ALTER TABLE "Case Files"."Case Notes" OWNER TO summit_reader;

COMMENT ON TABLE entities IS 'Who and what an investigation is about; it''s "the" core table
in two lines';
COMMENT ON COLUMN users.email IS 'masked in development: dev_<id>@example.com';
CREATE PUBLICATION entity_changes FOR TABLE entities (id, tenant_id, kind) WHERE (kind = 'person'), TABLE tenants
  WITH (publish = 'insert');

SELECT setval('ticket_numbers', 1070), setval('countdown', -17, false);
SELECT setval(pg_get_serial_sequence('users', 'id'), (SELECT max(id) FROM users)),
       setval(pg_get_serial_sequence('entities', 'id'), (SELECT max(id) FROM entities)),
       setval(pg_get_serial_sequence('tasks', 'id'), (SELECT max(id) FROM tasks)),
       setval(pg_get_serial_sequence('results', 'id'), (SELECT max(id) FROM results)),
       setval(pg_get_serial_sequence('runbooks', 'id'), (SELECT max(id) FROM runbooks));
ANALYZE;
