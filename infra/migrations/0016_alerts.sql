-- Telling of failures: when, to whom, and what was told already.
ALTER TABLE platform_scheduled_tasks
  ADD COLUMN notify_when ENUM('always', 'on_change', 'on_failure') NOT NULL DEFAULT 'always',
  ADD COLUMN alert_after_failures INT NOT NULL DEFAULT 1 COMMENT 'in a row',
  ADD COLUMN alert_quiet_minutes INT NOT NULL DEFAULT 0 COMMENT 'no second alert within these',
  ADD COLUMN failures_in_row INT NOT NULL DEFAULT 0 COMMENT 'runs, not attempts',
  ADD COLUMN alerted_at DATETIME(6) NULL COMMENT 'the last alert',
  ADD COLUMN alert_is_open TINYINT(1) NOT NULL DEFAULT 0 COMMENT 'alerted, not recovered since',
  ADD COLUMN notified_hash BINARY(32) NULL COMMENT 'SHA-256 of the last result that was sent',
  ADD COLUMN notified_log_id BIGINT NULL COMMENT 'the attempt that sent it';

ALTER TABLE platform_task_deliveries
  MODIFY channel_id INT NULL COMMENT 'NULL: an address or an app',
  MODIFY channel_type ENUM('dingtalk_bot', 'wecom_bot', 'wecom_app', 'webhook') NOT NULL,
  ADD COLUMN kind ENUM('result', 'alert', 'recovery', 'owner', 'test') NOT NULL DEFAULT 'result',
  ADD COLUMN address VARCHAR(500) NULL COMMENT 'an alert_webhook, while it is pending',
  ADD COLUMN wecom_app_id INT NULL;

CREATE TABLE platform_task_alerts (
  id BIGINT AUTO_INCREMENT PRIMARY KEY,
  tenant_id VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  task_id INT NOT NULL,
  log_id BIGINT NOT NULL,
  kind ENUM('alert', 'recovery') NOT NULL,
  failures INT NOT NULL COMMENT 'in a row, up to this run',
  channel_id INT NULL,
  wecom_app_id INT NULL,
  address VARCHAR(500) NULL COMMENT 'where to, until there is a delivery',
  delivery_id BIGINT NULL COMMENT 'NULL: a tick is to make one, of all that came in its minute',
  created_at DATETIME(6) NOT NULL,
  INDEX waiting (delivery_id, id),
  INDEX of_log (log_id)
) DEFAULT CHARSET = utf8mb4 COMMENT = 'what is to be told of a run, and the delivery that told it';
