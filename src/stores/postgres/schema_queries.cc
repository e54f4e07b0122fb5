#include "stores/postgres/schema_queries.h"

#include <array>

namespace summit::postgres {

namespace {

constexpr std::array kQueries = {
    SchemaQuery{"relations", R"sql(
SELECT pg_catalog.format('%s kind=%s persistence=%s populated=%s method=%s rls=%s/%s identity=%s options=%s parents=%s',
         rel.name, relkind, relpersistence, relispopulated, am.amname, relrowsecurity, relforcerowsecurity, relreplident,
         (SELECT pg_catalog.array_agg(o ORDER BY o) FROM pg_catalog.unnest(reloptions) o),
         (SELECT pg_catalog.array_agg(p.inhparent::regclass::text ORDER BY p.inhseqno)
          FROM pg_catalog.pg_inherits p WHERE p.inhrelid = rel.oid)),
       pg_catalog.concat_ws(' ', CASE WHEN relkind = 'p' THEN pg_catalog.pg_get_partkeydef(rel.oid) END,
                            pg_catalog.pg_get_expr(relpartbound, rel.oid))
FROM rel LEFT JOIN pg_catalog.pg_am am ON am.oid = relam WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c'))sql"},

    SchemaQuery{"columns", R"sql(
SELECT pg_catalog.format('%s #%s %I %s notnull=%s identity=%s generated=%s collation=%s storage=%s compression=%s '
                         'statistics=%s options=%s',
         rel.name, pg_catalog.row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum), a.attname,
         pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
         CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END, a.attstorage,
         a.attcompression, COALESCE(a.attstattarget, -1), a.attoptions),
       pg_catalog.pg_get_expr(d.adbin, d.adrelid)
FROM rel JOIN pg_catalog.pg_attribute a ON a.attrelid = rel.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'c'))sql"},

    // Copies of a constraint in partitions get names of the server's choice.
    SchemaQuery{"constraints", R"sql(
SELECT pg_catalog.format('%s %I type=%s deferrable=%s/%s validated=%s', rel.name, conname, contype, condeferrable,
                         condeferred, convalidated),
       pg_catalog.pg_get_constraintdef(k.oid)
FROM pg_catalog.pg_constraint k JOIN rel ON rel.oid = k.conrelid WHERE k.conparentid = 0)sql"},
    SchemaQuery{"constraints", R"sql(
SELECT pg_catalog.format('domain %s %I validated=%s', contypid::regtype, conname, convalidated),
       pg_catalog.pg_get_constraintdef(k.oid)
FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_type t ON t.oid = k.contypid JOIN space ON space.oid = t.typnamespace
WHERE ('pg_catalog.pg_type'::regclass::oid, t.oid) NOT IN (SELECT class, id FROM own))sql"},

    SchemaQuery{"indexes", R"sql(
SELECT pg_catalog.format('%s on %s unique=%s primary=%s clustered=%s identity=%s', ir.name, rel.name, indisunique,
                         indisprimary, indisclustered, indisreplident),
       pg_catalog.pg_get_indexdef(indexrelid)
FROM pg_catalog.pg_index i JOIN rel ON rel.oid = i.indrelid JOIN rel ir ON ir.oid = i.indexrelid
WHERE i.indisvalid OR ir.relkind = 'I')sql"},

    SchemaQuery{"views", R"sql(
SELECT rel.name, pg_catalog.pg_get_viewdef(rel.oid) FROM rel WHERE relkind IN ('v', 'm'))sql"},

    SchemaQuery{"functions", R"sql(
SELECT p.oid::regprocedure::text, pg_catalog.pg_get_functiondef(p.oid)
FROM pg_catalog.pg_proc p JOIN space ON space.oid = p.pronamespace
WHERE p.prokind <> 'a' AND ('pg_catalog.pg_proc'::regclass::oid, p.oid) NOT IN (SELECT class, id FROM own))sql"},
    SchemaQuery{"functions", R"sql(
SELECT pg_catalog.format('aggregate %s kind=%s transition=%s final=%s combine=%s state=%s initial=%L sort=%s parallel=%s',
         p.oid::regprocedure, a.aggkind, a.aggtransfn, a.aggfinalfn, a.aggcombinefn,
         pg_catalog.format_type(a.aggtranstype, NULL), a.agginitval, a.aggsortop::regoperator, p.proparallel),
       NULL
FROM pg_catalog.pg_proc p JOIN space ON space.oid = p.pronamespace JOIN pg_catalog.pg_aggregate a ON a.aggfnoid = p.oid
WHERE ('pg_catalog.pg_proc'::regclass::oid, p.oid) NOT IN (SELECT class, id FROM own))sql"},

    SchemaQuery{"triggers", R"sql(
SELECT pg_catalog.format('%s %I enabled=%s', rel.name, tgname, tgenabled), pg_catalog.pg_get_triggerdef(t.oid)
FROM pg_catalog.pg_trigger t JOIN rel ON rel.oid = t.tgrelid WHERE NOT tgisinternal AND tgparentid = 0)sql"},
    SchemaQuery{"triggers", R"sql(
SELECT pg_catalog.format('event trigger %I on %s enabled=%s tags=%s calls=%s', evtname, evtevent, evtenabled, evttags,
                         evtfoid::regprocedure), NULL
FROM pg_catalog.pg_event_trigger e
WHERE ('pg_catalog.pg_event_trigger'::regclass::oid, e.oid) NOT IN (SELECT class, id FROM own))sql"},

    SchemaQuery{"rules", R"sql(
SELECT pg_catalog.format('%s %I enabled=%s', rel.name, rulename, ev_enabled), pg_catalog.pg_get_ruledef(r.oid)
FROM pg_catalog.pg_rewrite r JOIN rel ON rel.oid = r.ev_class WHERE rulename <> '_RETURN')sql"},

    SchemaQuery{"policies", R"sql(
SELECT pg_catalog.format('%s %I for=%s permissive=%s to=%s', rel.name, polname, polcmd, polpermissive,
         (SELECT pg_catalog.array_agg(CASE WHEN r = 0 THEN 'public' ELSE pg_catalog.pg_get_userbyid(r) END ORDER BY 1)
          FROM pg_catalog.unnest(polroles) r)),
       pg_catalog.concat_ws(' ; ', 'using', pg_catalog.pg_get_expr(polqual, polrelid), 'check',
                            pg_catalog.pg_get_expr(polwithcheck, polrelid))
FROM pg_catalog.pg_policy p JOIN rel ON rel.oid = p.polrelid)sql"},

    SchemaQuery{"types", R"sql(
SELECT pg_catalog.format('%s type=%s category=%s base=%s notnull=%s labels=%s subtype=%s class=%s collation=%s',
         t.oid::regtype, typtype, typcategory,
         CASE WHEN typbasetype <> 0 THEN pg_catalog.format_type(typbasetype, typtypmod) END, typnotnull,
         (SELECT pg_catalog.array_agg(enumlabel::text ORDER BY enumsortorder) FROM pg_catalog.pg_enum
          WHERE enumtypid = t.oid),
         CASE WHEN r.rngsubtype IS NOT NULL THEN pg_catalog.format_type(r.rngsubtype, NULL) END, oc.opcname,
         CASE WHEN typcollation <> 0 THEN typcollation::regcollation::text END),
       typdefault
FROM pg_catalog.pg_type t JOIN space ON space.oid = t.typnamespace
LEFT JOIN pg_catalog.pg_range r ON r.rngtypid = t.oid LEFT JOIN pg_catalog.pg_opclass oc ON oc.oid = r.rngsubopc
WHERE typtype IN ('e', 'd', 'r', 'b') AND NOT (typtype = 'b' AND typelem <> 0 AND typcategory = 'A')
  AND ('pg_catalog.pg_type'::regclass::oid, t.oid) NOT IN (SELECT class, id FROM own))sql"},

    SchemaQuery{"sequences", R"sql(
SELECT pg_catalog.format('%s %s start=%s by=%s min=%s max=%s cache=%s cycle=%s owner=%s', rel.name,
         pg_catalog.format_type(seqtypid, NULL), seqstart, seqincrement, seqmin, seqmax, seqcache, seqcycle,
         (SELECT pg_catalog.format('%s.%s', d.refobjid::regclass, d.refobjsubid > 0)
          FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = rel.oid
            AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0)), NULL
FROM pg_catalog.pg_sequence s JOIN rel ON rel.oid = s.seqrelid)sql"},

    SchemaQuery{"statistics", R"sql(
SELECT pg_catalog.format('%I.%I target=%s', space.nspname, stxname, COALESCE(stxstattarget, -1)),
       pg_catalog.pg_get_statisticsobjdef(s.oid)
FROM pg_catalog.pg_statistic_ext s JOIN space ON space.oid = s.stxnamespace)sql"},

    SchemaQuery{"grants", R"sql(
SELECT pg_catalog.format('%s owner=%s', rel.name, pg_catalog.pg_get_userbyid(relowner)), NULL
FROM rel WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c')
UNION ALL
SELECT pg_catalog.format('%s %s %s %s', rel.name, acl.grantee::regrole, acl.privilege_type, acl.is_grantable), NULL
FROM rel CROSS JOIN LATERAL pg_catalog.aclexplode(
  COALESCE(relacl, pg_catalog.acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner))) acl
WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
UNION ALL
SELECT pg_catalog.format('%s.%I %s %s %s', rel.name, attname, acl.grantee::regrole, acl.privilege_type,
                         acl.is_grantable), NULL
FROM rel JOIN pg_catalog.pg_attribute a ON a.attrelid = rel.oid AND NOT a.attisdropped AND a.attacl IS NOT NULL
CROSS JOIN LATERAL pg_catalog.aclexplode(a.attacl) acl)sql"},
    SchemaQuery{"grants", R"sql(
SELECT pg_catalog.format('schema %I owner=%s %s %s %s', n.nspname, pg_catalog.pg_get_userbyid(n.nspowner),
                         acl.grantee::regrole, acl.privilege_type, acl.is_grantable), NULL
FROM pg_catalog.pg_namespace n JOIN space ON space.oid = n.oid
CROSS JOIN LATERAL pg_catalog.aclexplode(COALESCE(nspacl, pg_catalog.acldefault('n', nspowner))) acl
WHERE ('pg_catalog.pg_namespace'::regclass::oid, n.oid) NOT IN (SELECT class, id FROM own)
UNION ALL
SELECT pg_catalog.format('function %s owner=%s %s %s %s', p.oid::regprocedure, pg_catalog.pg_get_userbyid(proowner),
                         acl.grantee::regrole, acl.privilege_type, acl.is_grantable), NULL
FROM pg_catalog.pg_proc p JOIN space ON space.oid = p.pronamespace
CROSS JOIN LATERAL pg_catalog.aclexplode(COALESCE(proacl, pg_catalog.acldefault('f', proowner))) acl
WHERE ('pg_catalog.pg_proc'::regclass::oid, p.oid) NOT IN (SELECT class, id FROM own)
UNION ALL
SELECT pg_catalog.format('type %s owner=%s %s %s %s', t.oid::regtype, pg_catalog.pg_get_userbyid(typowner),
                         acl.grantee::regrole, acl.privilege_type, acl.is_grantable), NULL
FROM pg_catalog.pg_type t JOIN space ON space.oid = t.typnamespace
CROSS JOIN LATERAL pg_catalog.aclexplode(COALESCE(typacl, pg_catalog.acldefault('T', typowner))) acl
WHERE typtype IN ('e', 'd', 'r') AND ('pg_catalog.pg_type'::regclass::oid, t.oid) NOT IN (SELECT class, id FROM own)
UNION ALL
SELECT pg_catalog.format('large object %s owner=%s %s %s %s', l.oid, pg_catalog.pg_get_userbyid(lomowner),
                         acl.grantee::regrole, acl.privilege_type, acl.is_grantable), NULL
FROM pg_catalog.pg_largeobject_metadata l
CROSS JOIN LATERAL pg_catalog.aclexplode(COALESCE(lomacl, pg_catalog.acldefault('L', lomowner))) acl
UNION ALL
SELECT pg_catalog.format('database owner=%s %s %s %s', pg_catalog.pg_get_userbyid(datdba), acl.grantee::regrole,
                         acl.privilege_type, acl.is_grantable), NULL
FROM pg_catalog.pg_database d
CROSS JOIN LATERAL pg_catalog.aclexplode(COALESCE(datacl, pg_catalog.acldefault('d', datdba))) acl
WHERE d.datname = pg_catalog.current_database()
UNION ALL
SELECT pg_catalog.format('default for %s in %s on %s: %s %s %s', pg_catalog.pg_get_userbyid(defaclrole),
                         defaclnamespace::regnamespace, defaclobjtype, acl.grantee::regrole, acl.privilege_type,
                         acl.is_grantable), NULL
FROM pg_catalog.pg_default_acl CROSS JOIN LATERAL pg_catalog.aclexplode(defaclacl) acl)sql"},

    SchemaQuery{"comments", R"sql(
SELECT pg_catalog.format('%s %s: %s', o.type, o.identity, d.description), NULL
FROM pg_catalog.pg_description d
CROSS JOIN LATERAL pg_catalog.pg_identify_object(d.classoid, d.objoid, d.objsubid) o
WHERE (d.objoid >= 16384 OR (d.classoid = 'pg_catalog.pg_namespace'::regclass AND d.objoid = 2200))
  AND (d.classoid, d.objoid) NOT IN (SELECT class, id FROM own)
  AND COALESCE(o.schema, '') !~ '^_timescaledb_' AND 'summit_dr' NOT IN (COALESCE(o.schema, ''), CASE WHEN o.type = 'schema' THEN COALESCE(o.name, '') ELSE '' END)
UNION ALL
SELECT pg_catalog.format('database: %s', pg_catalog.shobj_description(d.oid, 'pg_database')), NULL
FROM pg_catalog.pg_database d
WHERE d.datname = pg_catalog.current_database() AND pg_catalog.shobj_description(d.oid, 'pg_database') IS NOT NULL
UNION ALL
SELECT pg_catalog.format('label %s %s %s: %s', l.objtype, l.objname, l.provider, l.label), NULL
FROM pg_catalog.pg_seclabels l WHERE l.classoid <> 'pg_catalog.pg_authid'::regclass
  AND l.classoid <> 'pg_catalog.pg_database'::regclass AND l.classoid <> 'pg_catalog.pg_tablespace'::regclass)sql"},

    SchemaQuery{"extensions", R"sql(
SELECT pg_catalog.format('%I %s in %I', extname, extversion, n.nspname), NULL
FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace)sql"},

    SchemaQuery{"settings", R"sql(
SELECT pg_catalog.format('%s %s', CASE WHEN setrole = 0 THEN 'all' ELSE pg_catalog.pg_get_userbyid(setrole) END, entry), NULL
FROM pg_catalog.pg_db_role_setting s JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
CROSS JOIN LATERAL pg_catalog.unnest(setconfig) entry WHERE d.datname = pg_catalog.current_database()
UNION ALL
SELECT pg_catalog.format('encoding=%s collate=%s ctype=%s provider=%s limit=%s', pg_catalog.pg_encoding_to_char(encoding),
                         datcollate, datctype, datlocprovider, datconnlimit), NULL
FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())sql"},

    SchemaQuery{"publications", R"sql(
SELECT pg_catalog.format('%I all=%s insert=%s update=%s delete=%s truncate=%s root=%s', pubname, puballtables, pubinsert,
                         pubupdate, pubdelete, pubtruncate, pubviaroot), NULL
FROM pg_catalog.pg_publication
UNION ALL
SELECT pg_catalog.format('%I %s', p.pubname, rel.name), pg_catalog.pg_get_expr(r.prqual, r.prrelid)
FROM pg_catalog.pg_publication_rel r JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid JOIN rel ON rel.oid = r.prrelid)sql"},

    // Everything rarer, by existence.
    SchemaQuery{"others", R"sql(
SELECT pg_catalog.format('%s %s', o.type, o.identity), NULL
FROM (SELECT 'pg_catalog.pg_operator'::regclass::oid AS class, oid FROM pg_catalog.pg_operator
      UNION ALL SELECT 'pg_catalog.pg_opclass'::regclass, oid FROM pg_catalog.pg_opclass
      UNION ALL SELECT 'pg_catalog.pg_opfamily'::regclass, oid FROM pg_catalog.pg_opfamily
      UNION ALL SELECT 'pg_catalog.pg_cast'::regclass, oid FROM pg_catalog.pg_cast
      UNION ALL SELECT 'pg_catalog.pg_conversion'::regclass, oid FROM pg_catalog.pg_conversion
      UNION ALL SELECT 'pg_catalog.pg_collation'::regclass, oid FROM pg_catalog.pg_collation
      UNION ALL SELECT 'pg_catalog.pg_language'::regclass, oid FROM pg_catalog.pg_language
      UNION ALL SELECT 'pg_catalog.pg_ts_config'::regclass, oid FROM pg_catalog.pg_ts_config
      UNION ALL SELECT 'pg_catalog.pg_ts_dict'::regclass, oid FROM pg_catalog.pg_ts_dict
      UNION ALL SELECT 'pg_catalog.pg_ts_parser'::regclass, oid FROM pg_catalog.pg_ts_parser
      UNION ALL SELECT 'pg_catalog.pg_ts_template'::regclass, oid FROM pg_catalog.pg_ts_template
      UNION ALL SELECT 'pg_catalog.pg_am'::regclass, oid FROM pg_catalog.pg_am
      UNION ALL SELECT 'pg_catalog.pg_transform'::regclass, oid FROM pg_catalog.pg_transform
      UNION ALL SELECT 'pg_catalog.pg_foreign_data_wrapper'::regclass, oid FROM pg_catalog.pg_foreign_data_wrapper
      UNION ALL SELECT 'pg_catalog.pg_foreign_server'::regclass, oid FROM pg_catalog.pg_foreign_server) x
CROSS JOIN LATERAL pg_catalog.pg_identify_object(x.class, x.oid, 0) o
WHERE x.oid >= 16384 AND (x.class, x.oid) NOT IN (SELECT class, id FROM own)
  AND COALESCE(o.schema, '') !~ '^_timescaledb_')sql"},

    SchemaQuery{"hypertables", R"sql(
SELECT pg_catalog.format('%I.%I compression=%s chunks=%s', h.schema_name, h.table_name, h.compression_state,
         (SELECT pg_catalog.count(*) FROM _timescaledb_catalog.chunk k WHERE k.hypertable_id = h.id AND NOT k.dropped)), NULL
FROM _timescaledb_catalog.hypertable h WHERE h.compression_state <> 2
UNION ALL
SELECT pg_catalog.format('%I.%I by %I interval=%s slices=%s', h.schema_name, h.table_name, d.column_name,
                         d.interval_length, d.num_slices), NULL
FROM _timescaledb_catalog.dimension d JOIN _timescaledb_catalog.hypertable h ON h.id = d.hypertable_id
WHERE h.compression_state <> 2
UNION ALL
SELECT pg_catalog.format('job %s every %s config=%s', proc_name, schedule_interval, config), NULL
FROM _timescaledb_config.bgw_job WHERE id >= 1000)sql",
                true},
};

}  // namespace

std::span<const SchemaQuery> schema_queries() { return kQueries; }

}  // namespace summit::postgres
