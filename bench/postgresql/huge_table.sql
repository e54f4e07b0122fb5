-- One table that holds everything: wide text, jsonb and a vector in each row.
CREATE EXTENSION vector;
CREATE TABLE everything (id bigint PRIMARY KEY, body text, payload jsonb, embedding vector(64));
INSERT INTO everything
SELECT i,
  (SELECT string_agg((ARRAY['alpha','bravo','entity','relation','investigation','summit','graph','report'])[1 + (hashint8(i * 31 + word) & 7)]
                     || CASE WHEN word % 5 = 0 THEN ' ' || md5((i * word)::text) ELSE '' END, ' ')
   FROM generate_series(1, 60) word),
  jsonb_build_object('id', i, 'email', 'user' || i || '@example.com', 'hash', md5(i::text || 'x')),
  (SELECT array_agg(hashint8(i * 1009 + d) / 2147483648.0)::real[]::vector(64) FROM generate_series(1, 64) d)
FROM generate_series(1, (:megabytes * 1048576.0 / 1830)::bigint) i;
VACUUM ANALYZE;
CHECKPOINT;
