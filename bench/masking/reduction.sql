-- The framework's data reduction, by hand: thirty days of audit_logs and events, a tenth of what is neither those nor critical.
DELETE FROM audit_logs WHERE ts < now() - interval '30 days';
DELETE FROM events WHERE time < now() - interval '30 days';
DELETE FROM analytics_traces WHERE random() > 0.1;
DELETE FROM billing WHERE random() > 0.1;
