-- Calendars, first and last days, and jitter of tasks; a tenant's own working days.
ALTER TABLE platform_scheduled_tasks
  ADD COLUMN calendar ENUM('every_day', 'workdays', 'rest_days') NOT NULL DEFAULT 'every_day'
    COMMENT '执行日历:每天、法定工作日、休息日',
  ADD COLUMN start_date DATE NULL COMMENT 'in the zone of the task; itself included',
  ADD COLUMN end_date DATE NULL COMMENT 'in the zone of the task; itself included',
  ADD COLUMN jitter_seconds INT NOT NULL DEFAULT 0 COMMENT 'due_at is up to so much later';

CREATE TABLE platform_calendar_days (
  id INT AUTO_INCREMENT PRIMARY KEY,
  tenant_id VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL COMMENT 'NULL: the platform',
  tenant_key VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
    AS (COALESCE(tenant_id, '_platform')) STORED,
  day DATE NOT NULL,
  is_workday TINYINT(1) NOT NULL,
  note VARCHAR(200) NULL,
  created_at DATETIME(6) NOT NULL,
  UNIQUE INDEX day_of_tenant (tenant_key, day)
) DEFAULT CHARSET = utf8mb4 COMMENT = 'working days of a tenant that differ from the notice';
