-- What a test run would have sent and stored: shown, and not applied.
ALTER TABLE platform_task_logs
  ADD COLUMN captured MEDIUMTEXT NULL COMMENT 'JSON; of a test run';
