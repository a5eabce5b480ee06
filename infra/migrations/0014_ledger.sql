-- The ledger: a tenant's attempts by time, backfills, and times at which nothing is to run.
ALTER TABLE platform_task_logs
  MODIFY trigger_type ENUM('schedule', 'manual', 'test', 'event', 'backfill')
    NOT NULL DEFAULT 'schedule',
  ADD INDEX of_tenant_due (tenant_id, due_at);

CREATE TABLE platform_holds (
  id INT AUTO_INCREMENT PRIMARY KEY,
  scope VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL
    COMMENT 'a tenant, _platform: global tasks, *: all',
  kind ENUM('pause', 'maintenance') NOT NULL,
  starts_at DATETIME(6) NOT NULL,
  ends_at DATETIME(6) NOT NULL COMMENT '9999-12-31: a pause that lasts',
  reason VARCHAR(120) NOT NULL DEFAULT '',
  created_by VARCHAR(100) NOT NULL,
  created_at DATETIME(6) NOT NULL,
  INDEX in_force (scope, ends_at)
) DEFAULT CHARSET = utf8mb4 COMMENT = 'pauses and maintenance windows: schedules rest';
