#include "tests/stores/postgres/helper/awkward_database.h"

#include <stdexcept>

namespace summit::postgres {

namespace {

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  if (at == std::string::npos) throw std::logic_error("the awkward database lacks " + std::string(from));
  return text.replace(at, from.size(), to);
}

}  // namespace

std::string_view awkward_roles() {
  return R"sql(
CREATE ROLE "Mixed Owner" LOGIN PASSWORD 'pässwörd ''with'' quotes';
CREATE ROLE reader NOLOGIN;
CREATE ROLE auditor LOGIN CONNECTION LIMIT 3 VALID UNTIL '2031-01-01 00:00:00+00';
ALTER ROLE auditor SET work_mem = '7MB';
COMMENT ON ROLE auditor IS 'reads; writes "nothing"';
GRANT reader TO auditor WITH ADMIN OPTION;
GRANT pg_read_all_stats TO reader;
)sql";
}

std::string_view awkward_schema() {
  return R"sql(
SET search_path = public;
CREATE EXTENSION timescaledb;
CREATE EXTENSION vector;
CREATE EXTENSION hstore;
CREATE SCHEMA "Odd Schema" AUTHORIZATION "Mixed Owner";
CREATE SCHEMA summit_dr;
CREATE TABLE summit_dr.environment (environment text, kind text, adopted_at text, identity text);
INSERT INTO summit_dr.environment VALUES ('source', 'dev', '2026-01-01T00:00:00Z', 'aa');

CREATE TYPE public.mood AS ENUM ('sad', 'o''k', 'happy 😀');
ALTER TYPE public.mood ADD VALUE 'middling' BEFORE 'happy 😀';
CREATE DOMAIN public.positive AS integer DEFAULT 1 NOT NULL CONSTRAINT "is > 0" CHECK (VALUE > 0);
CREATE TYPE public.address AS (street text, "House No" integer, tags text[]);
CREATE TYPE public.float_range AS RANGE (subtype = float8);
CREATE COLLATION "Odd Schema".plain (provider = libc, locale = 'C');

CREATE FUNCTION public.next_even(n integer) RETURNS integer LANGUAGE sql IMMUTABLE RETURN n + 2 - n % 2;
CREATE FUNCTION public.stamp() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  NEW.note := coalesce(NEW.note, '') || E'\t;--$$';
  RETURN NEW;
END $body$;
CREATE PROCEDURE public.nothing(INOUT x integer DEFAULT 3) LANGUAGE plpgsql AS $$ BEGIN x := x; END $$;
CREATE AGGREGATE public.product(float8) (SFUNC = float8mul, STYPE = float8, INITCOND = '1');
CREATE OPERATOR public.<%> (LEFTARG = text, RIGHTARG = text, FUNCTION = pg_catalog.texteq);

CREATE TABLE public."Users" (
  id bigint GENERATED ALWAYS AS IDENTITY (START WITH 7 INCREMENT BY 3),
  "E-Mail" varchar(200) COLLATE "C",
  status varchar(10) DEFAULT 'new' CHECK (status IN ('new', 'old', 'it''s')),
  gone integer,
  "select" text,
  note text,
  mood public.mood,
  age public.positive,
  home public.address,
  homes public.address[],
  upper_status text GENERATED ALWAYS AS (upper(status)) STORED,
  PRIMARY KEY (id),
  UNIQUE ("E-Mail") DEFERRABLE INITIALLY DEFERRED
);
ALTER TABLE public."Users" DROP COLUMN gone;
ALTER TABLE public."Users" ALTER COLUMN note SET STORAGE EXTERNAL;
ALTER TABLE public."Users" ALTER COLUMN status SET STATISTICS 500;
ALTER TABLE public."Users" OWNER TO "Mixed Owner";
CREATE TRIGGER "stamp it" BEFORE INSERT ON public."Users" FOR EACH ROW WHEN (NEW.status <> 'old') EXECUTE FUNCTION public.stamp();
CREATE INDEX "lower mail" ON public."Users" (lower("E-Mail") DESC NULLS LAST) INCLUDE (status) WHERE status <> 'old';
COMMENT ON COLUMN public."Users"."E-Mail" IS 'quotes '' and "double", a
newline and \backslash';

CREATE TABLE "Odd Schema".everything (
  id serial PRIMARY KEY,
  b bytea, f real, d double precision, n numeric, m money, ts timestamp, tz timestamptz, dt date, tm time, tmz timetz,
  iv interval, j json, jb jsonb, a integer[], ta text[][], r int4range, mr datemultirange, fr public.float_range,
  u uuid, ip inet, cd cidr, mac macaddr, p point, pl polygon, bt bit(5), vb varbit, tv tsvector, tq tsquery, x xml,
  h public.hstore, v public.vector(3), o oid, rc regclass, lsn pg_lsn, nm name, c "char", ch char(6)
);
CREATE INDEX ON "Odd Schema".everything USING hnsw (v public.vector_l2_ops);
CREATE INDEX ON "Odd Schema".everything USING gin (jb jsonb_path_ops);
CREATE STATISTICS "Odd Schema".dependent (dependencies, mcv) ON b, f FROM "Odd Schema".everything;

CREATE TABLE public.measures (at date NOT NULL, region text, value numeric, id integer) PARTITION BY RANGE (at);
CREATE TABLE public.measures_2025 PARTITION OF public.measures FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') PARTITION BY LIST (region);
CREATE TABLE public."measures 2025 eu" PARTITION OF public.measures_2025 FOR VALUES IN ('eu', 'uk');
CREATE TABLE public.measures_2025_rest PARTITION OF public.measures_2025 DEFAULT;
CREATE TABLE public.measures_2026 (id integer, value numeric, dropped text, region text, at date NOT NULL);
ALTER TABLE public.measures_2026 DROP COLUMN dropped;
ALTER TABLE public.measures ATTACH PARTITION public.measures_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE INDEX ON public.measures (at, region);

CREATE TABLE public.parent (id integer PRIMARY KEY, name text);
CREATE TABLE public.child (extra text) INHERITS (public.parent);
CREATE TABLE public.no_columns ();
CREATE UNLOGGED TABLE public.scratch (id integer);
CREATE TABLE public.empty_one (id integer, at timestamptz DEFAULT now());

CREATE TABLE public.chicken (id integer PRIMARY KEY, egg integer);
CREATE TABLE public.egg (id integer PRIMARY KEY, chicken integer REFERENCES public.chicken DEFERRABLE);
ALTER TABLE public.chicken ADD FOREIGN KEY (egg) REFERENCES public.egg ON DELETE SET NULL DEFERRABLE;
ALTER TABLE public.chicken ADD CONSTRAINT sceptical CHECK (id < 1000) NOT VALID;
CREATE TABLE public.bookings (room integer, during tsrange, EXCLUDE USING gist (during WITH &&));

CREATE SEQUENCE public.descending INCREMENT BY -5 MINVALUE -1000 MAXVALUE 100 START 100 CYCLE CACHE 3;
CREATE SEQUENCE public.untouched;

CREATE VIEW public.happy WITH (security_barrier) AS SELECT id, "E-Mail" AS mail FROM public."Users" WHERE mood > 'sad' WITH LOCAL CHECK OPTION;
CREATE MATERIALIZED VIEW public.by_status AS SELECT status, count(*) AS n FROM public."Users" GROUP BY status;
CREATE UNIQUE INDEX ON public.by_status (status);
CREATE MATERIALIZED VIEW public.never_filled AS SELECT 1 AS one WITH NO DATA;
CREATE RULE no_delete AS ON DELETE TO public.egg DO INSTEAD NOTHING;

ALTER TABLE public.parent ENABLE ROW LEVEL SECURITY;
CREATE POLICY "own rows" ON public.parent FOR SELECT TO reader, auditor USING (name = current_user AND id IN (1, 2, 3));

CREATE TABLE public.events (at timestamptz NOT NULL, tenant text NOT NULL, payload jsonb);
SELECT public.create_hypertable('public.events', 'at', chunk_time_interval => interval '7 days');
CREATE INDEX ON public.events (tenant, at DESC);

GRANT SELECT ON public."Users" TO reader WITH GRANT OPTION;
GRANT UPDATE ("select", note) ON public."Users" TO auditor;
GRANT USAGE ON SCHEMA "Odd Schema" TO reader;
REVOKE EXECUTE ON FUNCTION public.next_even(integer) FROM PUBLIC;
GRANT USAGE ON SEQUENCE public.descending TO auditor;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO reader;
CREATE PUBLICATION changes FOR TABLE public.parent WHERE (id > 5) WITH (publish = 'insert');
CREATE TEXT SEARCH CONFIGURATION public.simple_copy (COPY = pg_catalog.simple);
)sql";
}

std::string_view awkward_rows() {
  return R"sql(
SET search_path = public;
INSERT INTO "Users" ("E-Mail", status, "select", note, mood, age, home, homes) VALUES
  (NULL, NULL, NULL, NULL, NULL, 1, NULL, NULL),
  ('', 'new', '', '', 'sad', 2, ROW('', NULL, '{}'), '{}'),
  (E'tab\there\nnew line\rreturn\\backslash', 'old', E'\\N', '\N', 'o''k', 3, ROW('O''Neil "St"', -1, '{a,NULL,"b,c"}'), NULL),
  ('emoji 😀👩‍👩‍👧 é', 'it''s', 'مرحبا بالعالم', 'שלום', 'happy 😀', 4, NULL, ARRAY[ROW('x', 1, NULL)::address, NULL]),
  ('very long', 'new', repeat('0123456789abcdef', 40000), repeat('ü', 10000), 'middling', 2147483647, NULL, NULL);
INSERT INTO "Users" ("E-Mail", status, age) SELECT 'user' || i || '@example.com', 'new', i FROM generate_series(1, 2000) i;

INSERT INTO "Odd Schema".everything (b, f, d, n, m, ts, tz, dt, tm, tmz, iv, j, jb, a, ta, r, mr, fr, u, ip, cd, mac, p, pl,
                                     bt, vb, tv, tq, x, h, v, o, rc, lsn, nm, c, ch) VALUES
  ('\x000102ff5c', 'NaN', '-Infinity', 'NaN', '-12.34', 'infinity', '-infinity', 'infinity', '24:00', '12:00+05:30',
   '-1 year 2 months -3 days 04:05:06.789', '{"a" : 1, "a":2}', '{"b": [1, null, "\u00e9"], "a": {}}', '{1,NULL,3}',
   '{{a,"b\"c"},{NULL,""}}', '[1,5)', '{[2024-01-01,2024-02-01), [2025-01-01,)}', '(1.5,2.5]',
   'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '::ffff:1.2.3.4/120', '10.0.0.0/8', '08:00:2b:01:02:03', '(1.1,-0)',
   '((0,0),(1,1),(1,0))', B'10101', B'', 'fat & cats:3A', 'fat & !rat', '<a b="c">t</a>', 'k=>v, "null"=>NULL',
   '[1,-0.5,1e-20]', 4294967295, '"Users"', '16/B374D848', 'a name', 'x', 'pad'),
  ('', 3.4028235e38, 5e-324, '-0.00000000000000000000000001', 0, '4713-01-01 BC', '2026-03-29 01:30:00+00', '0001-01-01 BC',
   '00:00', '23:59:59.999999-14', '178000000 years', 'null', 'null', '{}', '{}', 'empty', '{}', 'empty', NULL, NULL, NULL, NULL, NULL,
   NULL, B'00000', B'1', '', '', '', '', '[0,0,0]', 0, NULL, '0/0', '', '', '');
INSERT INTO "Odd Schema".everything (d, v, jb) SELECT i / 7.0, ARRAY[i, i * 0.1, 1]::vector(3), jsonb_build_object('i', i) FROM generate_series(1, 500) i;

INSERT INTO measures SELECT date '2025-01-01' + i, (ARRAY['eu', 'uk', 'us', NULL])[i % 4 + 1], i * 1.10, i FROM generate_series(0, 700) i;
INSERT INTO parent SELECT i, 'parent ' || i FROM generate_series(1, 50) i;
INSERT INTO child SELECT i, 'child ' || i, 'extra' FROM generate_series(1, 30) i;
INSERT INTO no_columns DEFAULT VALUES;
INSERT INTO no_columns DEFAULT VALUES;
INSERT INTO scratch SELECT generate_series(1, 10);
BEGIN;
SET CONSTRAINTS ALL DEFERRED;
INSERT INTO chicken VALUES (1, 1), (2, 2);
INSERT INTO egg VALUES (1, 2), (2, 1);
COMMIT;
INSERT INTO bookings VALUES (1, '[2026-01-01,2026-01-02)'), (1, '[2026-01-03,)');
SELECT nextval('descending'), nextval('descending');
INSERT INTO events SELECT timestamptz '2026-01-01' + i * interval '3 hours', 'tenant ' || i % 3, jsonb_build_object('n', i) FROM generate_series(0, 400) i;
REFRESH MATERIALIZED VIEW by_status;

SELECT lo_from_bytea(70001, '\x00ff10');
SELECT lo_create(70002);
SELECT lo_from_bytea(70003, convert_to(repeat('large object ', 300000), 'UTF8'));
SELECT lo_put(lo_create(70004), 5000000, '\x01');
SELECT lo_from_bytea(70005, decode(repeat('ab', 1048576), 'hex'));
COMMENT ON LARGE OBJECT 70001 IS 'three bytes';
GRANT SELECT ON LARGE OBJECT 70001 TO reader;
DELETE FROM "Users" WHERE age BETWEEN 100 AND 200;
UPDATE "Users" SET note = 'updated' WHERE age % 7 = 0;
REFRESH MATERIALIZED VIEW by_status;
)sql";
}

std::string plain_awkward_schema() {
  std::string schema(awkward_schema());
  for (const std::string_view statement :
       {"CREATE EXTENSION timescaledb;", "CREATE EXTENSION vector;",
        "CREATE INDEX ON \"Odd Schema\".everything USING hnsw (v public.vector_l2_ops);",
        "SELECT public.create_hypertable('public.events', 'at', chunk_time_interval => interval '7 days');"})
    schema = replaced(std::move(schema), statement, "");
  return replaced(std::move(schema), "v public.vector(3)", "v text");
}

std::string plain_awkward_rows() { return replaced(std::string(awkward_rows()), "::vector(3)", "::text"); }

}  // namespace summit::postgres
