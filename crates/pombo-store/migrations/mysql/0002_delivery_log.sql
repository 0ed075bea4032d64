-- What the lists of deliveries show beside the failure itself. Rows from before have none of it.
-- One statement, because a schema change cannot be rolled back here; and only once, because a server may have died after it.
SET @change = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'delivery' AND column_name = 'event_id') > 0, 'DO 0',
    'ALTER TABLE delivery ADD COLUMN event_id LONGTEXT, ADD COLUMN event_kind LONGTEXT, ADD COLUMN last_latency_ms BIGINT, ADD COLUMN created_at_ms BIGINT, ADD KEY delivery_instance (sink, instance_id, state, id)');
PREPARE change_delivery FROM @change;
EXECUTE change_delivery;
DEALLOCATE PREPARE change_delivery;
