-- The rows of a platform with documents, events, embeddings and measurements: `megabytes` of them as COPY prints them, 40 % of that wide
-- text, 30 % jsonb, 20 % vectors of 384 dimensions, 10 % narrow rows. Half of the words repeat, the other half do not compress.
CREATE EXTENSION vector;

CREATE TABLE documents (
  id bigint, tenant integer, title text, body text, tags text[], created timestamptz, score double precision);
INSERT INTO documents
SELECT i, i % 97, 'Document ' || i || ' about ' || md5((i % 5000)::text),
  (SELECT string_agg((ARRAY['alpha','bravo','entity','relation','investigation','summit','graph','report','evidence','analyst','timeline',
                            'source','network','account','transfer','meeting'])[1 + (hashint8(i * 31 + word) & 15)]
                     || CASE WHEN word % 5 = 0 THEN ' ' || md5((i * word)::text) ELSE '' END, ' ')
   FROM generate_series(1, 120) word),
  ARRAY[md5(i::text), 'tag' || i % 50], timestamptz '2024-01-01' + i * interval '7 seconds', sin(i)
FROM generate_series(1, (:megabytes * 0.4 * 1048576 / 2050)::bigint) i;

CREATE TABLE events (id bigint, at timestamptz, payload jsonb);
INSERT INTO events
SELECT i, timestamptz '2025-01-01' + i * interval '1 second',
  jsonb_build_object('id', i, 'email', 'user' || i || '@example.com', 'amount', hashint8(i),
    'status', (ARRAY['open','closed','pending'])[1 + i % 3], 'hash', md5(i::text || 'x'),
    'nested', jsonb_build_object('a', i % 10, 'b', md5((i % 1000)::text), 'list', jsonb_build_array(i, i % 7, 'x' || i % 100)))
FROM generate_series(1, (:megabytes * 0.3 * 1048576 / 285)::bigint) i;

CREATE TABLE embeddings (id bigint, model text, embedding vector(384));
INSERT INTO embeddings
SELECT i, 'model-' || i % 3,
  (SELECT array_agg(hashint8(i * 1009 + d) / 2147483648.0)::real[]::vector(384) FROM generate_series(1, 384) d)
FROM generate_series(1, (:megabytes * 0.2 * 1048576 / 4480)::bigint) i;

CREATE TABLE measurements (id bigint, sensor integer, value double precision, quality smallint);
INSERT INTO measurements
SELECT i, hashint8(i) & 1023, sin(i), i % 5 FROM generate_series(1, (:megabytes * 0.1 * 1048576 / 35)::bigint) i;

ALTER TABLE documents ADD PRIMARY KEY (id);
CREATE INDEX ON documents (tenant, created);
CREATE INDEX ON documents USING gin (tags);
ALTER TABLE events ADD PRIMARY KEY (id);
CREATE INDEX ON events (at);
ALTER TABLE embeddings ADD PRIMARY KEY (id);
ALTER TABLE measurements ADD PRIMARY KEY (id);
VACUUM ANALYZE;
CHECKPOINT;
