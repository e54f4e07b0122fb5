-- Rows as an application has them: numbers, words that repeat, text, arrays, JSON, hashes that do not compress.
CREATE TABLE bench_documents (
  id bigint PRIMARY KEY, tenant int, title text, body text, tags text[], attributes jsonb, created timestamptz, score double precision);
INSERT INTO bench_documents
SELECT i, i % 97, 'Document ' || i || ' about ' || md5((i % 5000)::text),
  (SELECT string_agg((ARRAY['alpha','bravo','entity','relation','investigation','summit','graph','report','evidence','analyst','timeline',
                            'source','network','account','transfer','meeting'])[1 + (hashint8(i * 31 + word) & 15)]
                     || CASE WHEN word % 7 = 0 THEN ' ' || substr(md5((i * word)::text), 1, 8) ELSE '' END, ' ')
   FROM generate_series(1, 60) word),
  ARRAY[md5(i::text), 'tag' || i % 50],
  jsonb_build_object('id', i, 'email', 'user' || i || '@example.com', 'amount', hashint8(i), 'status', (ARRAY['open','closed','pending'])[1 + i % 3],
                     'hash', md5(i::text || 'x'), 'nested', jsonb_build_object('a', i % 10, 'b', md5((i % 1000)::text))),
  timestamptz '2024-01-01' + i * interval '7 seconds', sin(i)
FROM generate_series(1, :rows) i;
CREATE INDEX ON bench_documents (tenant, created);
CREATE INDEX ON bench_documents USING gin (tags);
CHECKPOINT;
