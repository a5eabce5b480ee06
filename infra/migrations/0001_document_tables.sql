-- The product document's three tables, to the letter, so that a database of the system
-- that Zhundian replaces and an empty one come to the same place.
CREATE TABLE IF NOT EXISTS platform_scheduled_tasks (
  id INT AUTO_INCREMENT PRIMARY KEY,
  tenant_id VARCHAR(50) COMMENT '租户ID,空为全局任务',
  task_name VARCHAR(100) NOT NULL COMMENT '任务名称',
  task_desc VARCHAR(500) COMMENT '任务描述',
  schedule_type ENUM('simple', 'cron') NOT NULL DEFAULT 'simple',
  time_points JSON COMMENT '时间点列表 ["08:00", "12:00"]',
  cron_expression VARCHAR(100) COMMENT 'CRON表达式',
  timezone VARCHAR(50) DEFAULT 'Asia/Shanghai',
  execution_type ENUM('webhook', 'script') NOT NULL DEFAULT 'script',
  webhook_url VARCHAR(500),
  script_content TEXT COMMENT 'Python脚本内容',
  script_deps TEXT COMMENT '脚本依赖',
  input_params JSON COMMENT '输入参数',
  retry_count INT DEFAULT 0,
  retry_interval INT DEFAULT 60,
  alert_on_failure TINYINT(1) DEFAULT 0,
  alert_webhook VARCHAR(500),
  notify_channels JSON COMMENT '通知渠道ID列表',
  notify_wecom_app_id INT COMMENT '企微应用ID',
  is_enabled TINYINT(1) DEFAULT 1,
  last_run_at DATETIME,
  last_run_status ENUM('success', 'failed', 'running'),
  last_run_message TEXT,
  created_at DATETIME DEFAULT CURRENT_TIMESTAMP,
  updated_at DATETIME DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP
) DEFAULT CHARSET = utf8mb4;

CREATE TABLE IF NOT EXISTS platform_task_notify_channels (
  id INT AUTO_INCREMENT PRIMARY KEY,
  tenant_id VARCHAR(50) NOT NULL COMMENT '租户ID',
  channel_name VARCHAR(100) NOT NULL COMMENT '渠道名称',
  channel_type ENUM('dingtalk_bot', 'wecom_bot') NOT NULL,
  webhook_url VARCHAR(500) NOT NULL,
  sign_secret VARCHAR(200) COMMENT '钉钉加签密钥',
  description VARCHAR(255),
  is_enabled TINYINT(1) DEFAULT 1,
  created_at DATETIME DEFAULT CURRENT_TIMESTAMP,
  updated_at DATETIME DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP
) DEFAULT CHARSET = utf8mb4;

CREATE TABLE IF NOT EXISTS platform_task_logs (
  id BIGINT AUTO_INCREMENT PRIMARY KEY,
  task_id INT NOT NULL,
  tenant_id VARCHAR(50),
  trace_id VARCHAR(100),
  status ENUM('running', 'success', 'failed'),
  started_at DATETIME,
  finished_at DATETIME,
  duration_ms INT,
  output TEXT,
  error TEXT,
  retry_count INT DEFAULT 0,
  created_at DATETIME DEFAULT CURRENT_TIMESTAMP
) DEFAULT CHARSET = utf8mb4;
