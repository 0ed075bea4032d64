-- What the lists of deliveries show beside the failure itself. Rows from before have none of it.
ALTER TABLE delivery ADD COLUMN event_id TEXT;
ALTER TABLE delivery ADD COLUMN event_kind TEXT;
ALTER TABLE delivery ADD COLUMN last_latency_ms INTEGER;
ALTER TABLE delivery ADD COLUMN created_at_ms INTEGER;
CREATE INDEX delivery_instance ON delivery (sink, instance_id, state, id);
