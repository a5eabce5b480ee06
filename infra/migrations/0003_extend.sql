-- What the design needs beyond the document. Instants are DATETIME(6) in UTC; tenant ids compare
-- by bytes; `updated_at` tells of a user's change alone, so the server no longer moves it.
ALTER TABLE platform_scheduled_tasks
  MODIFY tenant_id VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL
    COMMENT '租户ID,空为全局任务',
  MODIFY timezone VARCHAR(50) NOT NULL DEFAULT 'Asia/Shanghai',
  MODIFY script_content MEDIUMTEXT COMMENT 'Python脚本内容',
  MODIFY retry_count INT NOT NULL DEFAULT 0,
  MODIFY retry_interval INT NOT NULL DEFAULT 60 COMMENT 'seconds',
  MODIFY alert_on_failure TINYINT(1) NOT NULL DEFAULT 0,
  MODIFY is_enabled TINYINT(1) NOT NULL DEFAULT 1,
  MODIFY last_run_at DATETIME(6) NULL,
  MODIFY last_run_status ENUM('success', 'failed', 'running', 'cancelled', 'skipped') NULL,
  MODIFY created_at DATETIME(6) NULL DEFAULT CURRENT_TIMESTAMP(6),
  MODIFY updated_at DATETIME(6) NULL DEFAULT CURRENT_TIMESTAMP(6),
  ADD COLUMN timeout_seconds INT NOT NULL DEFAULT 300,
  ADD COLUMN next_run_at DATETIME(6) NULL COMMENT 'the first occurrence that is not planned yet',
  ADD COLUMN version INT NOT NULL DEFAULT 1,
  ADD COLUMN owner VARCHAR(100) NULL COMMENT 'who made it',
  ADD INDEX due (is_enabled, next_run_at, id),
  ADD INDEX of_tenant (tenant_id, id);

ALTER TABLE platform_task_notify_channels
  MODIFY tenant_id VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL
    COMMENT '租户ID,空为平台',
  MODIFY is_enabled TINYINT(1) NOT NULL DEFAULT 1,
  MODIFY created_at DATETIME(6) NULL DEFAULT CURRENT_TIMESTAMP(6),
  MODIFY updated_at DATETIME(6) NULL DEFAULT CURRENT_TIMESTAMP(6),
  ADD INDEX of_tenant (tenant_id, id);

ALTER TABLE platform_task_logs
  MODIFY task_id INT NULL COMMENT 'NULL: a test run',
  MODIFY tenant_id VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  MODIFY trace_id VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  MODIFY status ENUM('running', 'success', 'failed', 'queued', 'cancelled', 'skipped') NOT NULL,
  MODIFY started_at DATETIME(6) NULL,
  MODIFY finished_at DATETIME(6) NULL,
  MODIFY output MEDIUMTEXT,
  MODIFY error MEDIUMTEXT,
  MODIFY retry_count INT NOT NULL DEFAULT 0 COMMENT 'the attempt; the first is 0',
  MODIFY created_at DATETIME(6) NULL DEFAULT CURRENT_TIMESTAMP(6),
  ADD COLUMN task_name VARCHAR(100) NULL COMMENT 'as it was then',
  ADD COLUMN task_version INT NULL COMMENT 'the version that ran',
  ADD COLUMN trigger_type ENUM('schedule', 'manual', 'test', 'event') NOT NULL DEFAULT 'schedule',
  ADD COLUMN scheduled_for DATETIME(6) NULL COMMENT 'the occurrence',
  ADD COLUMN due_at DATETIME(6) NULL COMMENT 'when this attempt is to start',
  ADD COLUMN sent_at DATETIME(6) NULL COMMENT 'when its message went to the queue',
  ADD COLUMN send_count INT NOT NULL DEFAULT 0,
  ADD COLUMN token_hash BINARY(32) NULL COMMENT 'SHA-256 of the token that the sandbox holds',
  ADD COLUMN nonce VARCHAR(64) NULL COMMENT 'the invocation that won the claim',
  ADD COLUMN lease_until DATETIME(6) NULL,
  ADD COLUMN cancel_requested_at DATETIME(6) NULL,
  ADD COLUMN error_kind VARCHAR(30) NULL,
  ADD COLUMN skip_reason VARCHAR(200) NULL,
  ADD COLUMN input_params JSON NULL COMMENT 'laid over those of the task',
  ADD COLUMN spec JSON NULL COMMENT 'what a test run runs',
  ADD COLUMN result MEDIUMTEXT NULL COMMENT 'JSON',
  ADD UNIQUE INDEX attempt (trace_id, retry_count),
  ADD INDEX of_task (task_id, id),
  ADD INDEX of_tenant (tenant_id, id),
  ADD INDEX waiting (status, due_at),
  ADD INDEX leases (status, lease_until);

CREATE TABLE platform_task_log_output (
  log_id BIGINT NOT NULL,
  char_offset INT NOT NULL COMMENT 'characters before this chunk',
  output MEDIUMTEXT NOT NULL,
  PRIMARY KEY (log_id, char_offset)
) DEFAULT CHARSET = utf8mb4 COMMENT = 'output of attempts that are running';

CREATE TABLE platform_task_deliveries (
  id BIGINT AUTO_INCREMENT PRIMARY KEY,
  log_id BIGINT NULL COMMENT 'NULL: a test of a channel',
  tenant_id VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  channel_id INT NOT NULL,
  channel_name VARCHAR(100) NOT NULL,
  channel_type ENUM('dingtalk_bot', 'wecom_bot') NOT NULL,
  uuid CHAR(32) NOT NULL COMMENT 'the robot sees one message however often it is sent',
  title VARCHAR(100) NOT NULL,
  result MEDIUMTEXT NOT NULL COMMENT 'JSON',
  status ENUM('pending', 'sent', 'failed') NOT NULL DEFAULT 'pending',
  attempts INT NOT NULL DEFAULT 0,
  next_attempt_at DATETIME(6) NULL COMMENT 'pending: not before this',
  token_hash BINARY(32) NULL,
  errcode INT NULL,
  errmsg TEXT NULL,
  notes JSON NULL,
  payload MEDIUMTEXT NULL COMMENT 'JSON, as it went to the robot',
  created_at DATETIME(6) NOT NULL,
  finished_at DATETIME(6) NULL,
  UNIQUE INDEX message (uuid),
  INDEX of_log (log_id),
  INDEX waiting (status, next_attempt_at)
) DEFAULT CHARSET = utf8mb4 COMMENT = 'the outbox, and the receipts';

CREATE TABLE platform_api_keys (
  id INT AUTO_INCREMENT PRIMARY KEY,
  tenant_id VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL COMMENT 'NULL: the platform',
  role ENUM('viewer', 'operator', 'editor', 'admin') NOT NULL,
  name VARCHAR(100) NOT NULL,
  prefix VARCHAR(16) NOT NULL,
  key_hash BINARY(32) NOT NULL COMMENT 'SHA-256',
  created_at DATETIME(6) NOT NULL,
  last_used_at DATETIME(6) NULL,
  revoked_at DATETIME(6) NULL,
  UNIQUE INDEX secret (key_hash)
) DEFAULT CHARSET = utf8mb4;

CREATE TABLE platform_ticks (
  id TINYINT PRIMARY KEY DEFAULT 1,
  ticked_at DATETIME(6) NOT NULL
) DEFAULT CHARSET = utf8mb4 COMMENT = 'one row: when dispatch last finished';
