-- What a task does about runs that were missed, or meet one that is going on.
ALTER TABLE platform_scheduled_tasks
  ADD COLUMN missed_policy ENUM('run_once', 'skip', 'all') NOT NULL DEFAULT 'run_once',
  ADD COLUMN missed_window_seconds INT NOT NULL DEFAULT 86400 COMMENT 'all: how late is too late',
  ADD COLUMN overlap_policy ENUM('skip', 'allow', 'queue') NOT NULL DEFAULT 'skip',
  ADD COLUMN concurrency_key VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL
    COMMENT 'runs of one tenant with the same key never run at once',
  ADD COLUMN retry_backoff ENUM('fixed', 'exponential') NOT NULL DEFAULT 'fixed';

ALTER TABLE platform_task_logs
  ADD COLUMN slot VARCHAR(160) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL
    COMMENT 'running: the concurrency key that it holds',
  ADD COLUMN waits_for VARCHAR(160) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL
    COMMENT 'queued: it has no message until what runs has ended',
  ADD COLUMN waited_at DATETIME(6) NULL COMMENT 'when it first had to wait',
  ADD INDEX slots (status, slot),
  ADD INDEX waits (waits_for, due_at);

CREATE TABLE platform_locks (
  name VARCHAR(160) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PRIMARY KEY
) DEFAULT CHARSET = utf8mb4 COMMENT = 'rows to lock for what has none of its own';
