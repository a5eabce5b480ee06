-- How much of a message in parts has gone already, so that no part goes twice.
ALTER TABLE platform_task_deliveries
  ADD COLUMN sent_parts INT NOT NULL DEFAULT 0;
