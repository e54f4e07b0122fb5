-- A platform's tables with the names of the framework: `megabytes` of rows as COPY prints them.
-- `platform` = 1: the proportions of the framework, whose limits give the hypertables two thirds; embeddings of 384 dimensions for entities.
-- `platform` = 0: what is hardest to mask. Three quarters are of tables that a reduced environment keeps whole, with private values in most
-- columns, and no embeddings: what rules only take out need not be written.
\set unit (:megabytes * 1048576)
\if :platform
  \set users 0.05
  \set investigations 0.03
  \set entities 0.1
  \set tasks 0.06
  \set audit_logs 0.08
  \set events 0.42
  \set traces 0.25
  \set billing 0.01
  \set entity_bytes 4630
\else
  \set users 0.15
  \set investigations 0.1
  \set entities 0.3
  \set tasks 0.2
  \set audit_logs 0.13
  \set events 0.08
  \set traces 0.03
  \set billing 0.01
  \set entity_bytes 330
\endif
-- `count` of two thousand words.
CREATE FUNCTION words(seed bigint, count integer) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT string_agg(
    (ARRAY['al','be','car','do','en','fi','gra','ho','in','jo','ka','lor','mi','no','os','per'])[1 + (h & 15)] ||
    (ARRAY['ba','ce','dan','fe','gi','ha','ker','li','mon','na','pe','ro','sta','ti','vu','wen'])[1 + (h >> 4 & 15)] ||
    (ARRAY['','d','er','ing','ly','n','s','t'])[1 + (h >> 8 & 7)], ' ')
  FROM (SELECT hashint8(seed * 31 + n) AS h FROM generate_series(1, count) n) x $$;

CREATE EXTENSION vector;
CREATE TABLE tenants (id text PRIMARY KEY, name text NOT NULL);
INSERT INTO tenants SELECT 'tenant' || i, 'Tenant ' || i FROM generate_series(1, 20) i;

CREATE TABLE users (
  id bigint, tenant_id text, name text, email text, phone text, address text, login text, password_hash text, avatar bytea, labels text,
  created_at timestamptz);
INSERT INTO users
SELECT i, 'tenant' || (1 + i % 20), 'Given' || i % 9973 || ' Family' || i, 'given.family' || i || '@mail' || i % 7 || '.corp.example',
  '+47 9' || lpad((i * 7919 % 10000000)::text, 7, '0'), 'Harbour Street ' || i % 500 || ', ' || 1000 + i % 9000 || ' Town', 'login' || i,
  '$2b$10$' || md5(i::text) || substr(md5(i || 's'), 1, 21), NULL, NULL, timestamptz '2024-01-01' + i * interval '61 seconds'
FROM generate_series(1, (:unit * :users / 240)::bigint) i;

CREATE TABLE investigations (
  id text, tenant_id text, title text, classified_info text, internal_notes text, summary text, metadata jsonb, updated_at timestamptz);
INSERT INTO investigations
SELECT 'inv-' || i, 'tenant' || (1 + i % 20), 'Investigation of ' || words(i, 3), CASE WHEN i % 3 > 0 THEN 'Source ' || words(i + 1, 8) || i END,
  CASE WHEN i % 5 > 0 THEN 'Call the witness of ' || words(i + 2, 12) || i END, words(i + 3, 60),
  jsonb_build_object('summary', words(i, 4) || i, 'stage', i % 5), timestamptz '2025-01-01' + i * interval '71 seconds'
FROM generate_series(1, (:unit * :investigations / 790)::bigint) i;

CREATE TABLE entities (
  id bigint, tenant_id text, investigation_id text, kind text, name text, contact_email text, phone_number text, embedding vector(384), attributes jsonb,
  aliases text[], place text, location point, risk double precision, address inet, mac macaddr, fingerprint bytea, token uuid, created_at timestamptz);
INSERT INTO entities
SELECT i, 'tenant' || (1 + i % 20), 'inv-' || (1 + i % (:unit * :investigations / 790)::bigint), (ARRAY['person','place','account'])[1 + i % 3],
  'Person' || i % 7919 || ' Surname' || i, CASE WHEN i % 4 > 0 THEN 'contact' || i || '@firm' || i % 11 || '.corp.example' END,
  '+4420' || lpad((i * 104729 % 100000000)::text, 8, '0'),
  CASE WHEN :platform > 0 THEN
    (SELECT array_agg(hashint8(i * 1009 + d) / 2147483648.0)::real[]::vector(384) FROM generate_series(1, 384) d) END,
  jsonb_build_object('source', 'from ' || words(i, 3) || i, 'weight', i % 100, 'kind', words(i, 1), 'grade', words(i + 5, 2)),
  ARRAY['Alias' || i, 'Nick' || i % 1000], NULL, NULL, sin(i), ('10.' || i % 200 || '.' || i / 200 % 250 || '.' || i % 250)::inet, NULL, NULL, NULL,
  timestamptz '2025-01-01' + i * interval '11 seconds'
FROM generate_series(1, (:unit * :entities / :entity_bytes)::bigint) i;

CREATE TABLE tasks (id bigint, tenant_id text, investigation_id text, title text, status text, output text);
INSERT INTO tasks
SELECT i, 'tenant' || (1 + i % 20), 'inv-' || (1 + i % (:unit * :investigations / 790)::bigint), 'Look at Person' || i % 7919 || ' Surname' || i,
  (ARRAY['queued','done'])[1 + i % 2], words(i, 55)
FROM generate_series(1, (:unit * :tasks / 440)::bigint) i;

CREATE TABLE configuration (name text PRIMARY KEY, value text, description text);
INSERT INTO configuration SELECT 'SERVICE_' || i || '_KEY', 'live-' || md5(i::text), words(i, 5) FROM generate_series(1, 500) i;

-- From here on those that are reduced: rows of half a year, so that thirty days are a sixth of them.
CREATE TABLE audit_logs (
  seq bigint, ts timestamptz, tenant_id text, actor text, action text, target text, user_ip text, session_data jsonb, prev_hash character(64), hash character(64));
INSERT INTO audit_logs
SELECT i, now() - interval '180 days' * (1 - i / (:unit * :audit_logs / 340)), 'tenant' || (1 + i % 20), 'given.family' || i % 5000 || '@mail.corp.example',
  (ARRAY['read','write','login'])[1 + i % 3], 'entity ' || i % 100000, '10.1.' || i % 250 || '.' || i / 250 % 250,
  jsonb_build_object('session', i), md5(i::text) || md5(i || 'a'), md5((i + 1)::text) || md5((i + 1) || 'a')
FROM generate_series(1, (:unit * :audit_logs / 340)::bigint) i;

CREATE TABLE events (time timestamptz, id bigint, tenant_id text, entity_id bigint, kind text, payload jsonb);
INSERT INTO events
SELECT now() - interval '180 days' * (1 - i / (:unit * :events / 140)), i, 'tenant' || (1 + i % 20), i % 100000, (ARRAY['seen','moved'])[1 + i % 2],
  jsonb_build_object('count', i % 1000, 'note', words(i, 5))
FROM generate_series(1, (:unit * :events / 140)::bigint) i;

CREATE TABLE analytics_traces (time timestamptz, trace_id uuid, tenant_id text, span text, milliseconds real);
INSERT INTO analytics_traces
SELECT now() - i * interval '1 second', md5(i::text)::uuid, 'tenant' || (1 + i % 20), words(i, 2), i % 977
FROM generate_series(1, (:unit * :traces / 100)::bigint) i;

CREATE TABLE temporal_patterns (time timestamptz, tenant_id text, entity_id bigint, pattern text, strength double precision); -- the set names it

CREATE TABLE billing (id bigint, tenant_id text, user_id bigint, credit_card text, bank_account text, amount numeric, due date);
INSERT INTO billing
SELECT i, 'tenant' || (1 + i % 20), 1 + i % (:unit * :users / 240)::bigint, '4000-' || lpad((i % 10000)::text, 4, '0') || '-1234-' || lpad((i % 997)::text, 4, '0'),
  'account ' || i, i % 1000, date '2026-01-01' + (i % 300)::integer
FROM generate_series(1, (:unit * :billing / 80)::bigint) i;

ALTER TABLE users ADD PRIMARY KEY (id), ADD UNIQUE (email), ADD UNIQUE (login);
ALTER TABLE investigations ADD PRIMARY KEY (id);
ALTER TABLE entities ADD PRIMARY KEY (id), ADD FOREIGN KEY (investigation_id) REFERENCES investigations;
CREATE INDEX ON entities (contact_email);
CREATE INDEX ON entities (investigation_id);
ALTER TABLE tasks ADD PRIMARY KEY (id), ADD FOREIGN KEY (investigation_id) REFERENCES investigations;
CREATE INDEX ON tasks (investigation_id);
ALTER TABLE audit_logs ADD PRIMARY KEY (seq);
CREATE INDEX ON audit_logs (ts);
ALTER TABLE events ADD PRIMARY KEY (id);
CREATE INDEX ON events (time);
ALTER TABLE analytics_traces ADD PRIMARY KEY (trace_id);
ALTER TABLE billing ADD PRIMARY KEY (id), ADD FOREIGN KEY (user_id) REFERENCES users;
DROP FUNCTION words;
VACUUM ANALYZE;
CHECKPOINT;
