-- The framework's statements, word for word but for their layout.
UPDATE users SET
  email = 'dev_' || id || '@example.com', phone = '+1-555-' || LPAD(id::text, 7, '0'), address = NULL
WHERE email NOT LIKE '%@example.com';
UPDATE entities SET contact_email = 'entity_' || id || '@example.com', phone_number = '+1-555-' || LPAD(id::text, 7, '0')
WHERE contact_email IS NOT NULL;
UPDATE investigations SET classified_info = '[REDACTED FOR DEV/TEST]', internal_notes = '[REDACTED FOR DEV/TEST]'
WHERE classified_info IS NOT NULL OR internal_notes IS NOT NULL;
UPDATE audit_logs SET user_ip = MD5(user_ip || 'dev_salt'), session_data = NULL
WHERE user_ip IS NOT NULL;
UPDATE configuration SET value = 'dev_test_key_' || name
WHERE name LIKE '%_KEY' OR name LIKE '%_SECRET' OR name LIKE '%_PASSWORD';
UPDATE billing SET credit_card = '****-****-****-0000', bank_account = '****0000'
WHERE credit_card IS NOT NULL OR bank_account IS NOT NULL;
