-- Only where TimescaleDB is.
CREATE EXTENSION IF NOT EXISTS timescaledb;
SELECT create_hypertable('events', 'time', chunk_time_interval => interval '14 days', create_default_indexes => true);
SELECT create_hypertable('temporal_patterns', 'time', chunk_time_interval => interval '30 days');
SELECT create_hypertable('analytics_traces', 'time', 'tenant_id', 2, chunk_time_interval => interval '30 days');
