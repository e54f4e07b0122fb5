-- `megabytes` of embeddings of 384 dimensions as COPY prints them, with an HNSW index.
CREATE EXTENSION vector;
CREATE TABLE embeddings (id bigint PRIMARY KEY, embedding vector(384));
INSERT INTO embeddings
SELECT i, (SELECT array_agg(hashint8(i * 1009 + d) / 2147483648.0)::real[]::vector(384) FROM generate_series(1, 384) d)
FROM generate_series(1, (:megabytes * 1048576.0 / 4480)::bigint) i;
SET maintenance_work_mem = '1GB';
CREATE INDEX ON embeddings USING hnsw (embedding vector_cosine_ops);
CHECKPOINT;
