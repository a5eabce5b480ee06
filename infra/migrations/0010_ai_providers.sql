-- `ai()`: who answers it, what it used, and what a tenant may use at the platform's expense.
CREATE TABLE platform_ai_providers (
  id INT AUTO_INCREMENT PRIMARY KEY,
  tenant_id VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL COMMENT 'NULL: the platform',
  tenant_key VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
    AS (COALESCE(tenant_id, '_platform')) STORED,
  name VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  base_url VARCHAR(500) NOT NULL,
  api_key VARCHAR(1024) CHARACTER SET ascii COLLATE ascii_bin NULL
    COMMENT 'sealed: chalicelib/domain/cipher.py',
  key_origin VARCHAR(500) NOT NULL COMMENT 'the host that the key is sealed for',
  models JSON NOT NULL COMMENT 'names, and patterns such as gpt-*',
  is_enabled TINYINT(1) NOT NULL DEFAULT 1,
  created_at DATETIME(6) NOT NULL,
  updated_at DATETIME(6) NOT NULL,
  UNIQUE INDEX name_in_tenant (tenant_key, name)
) DEFAULT CHARSET = utf8mb4;

CREATE TABLE platform_ai_usage (
  tenant_key VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL
    COMMENT '_platform: global tasks',
  month CHAR(7) CHARACTER SET ascii NOT NULL COMMENT '2026-11, in Asia/Shanghai',
  paid_by ENUM('platform', 'tenant') NOT NULL COMMENT 'whose key it was',
  model VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  calls BIGINT NOT NULL DEFAULT 0,
  prompt_tokens BIGINT NOT NULL DEFAULT 0,
  completion_tokens BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_key, month, paid_by, model)
) DEFAULT CHARSET = utf8mb4;

CREATE TABLE platform_ai_budgets (
  tenant_key VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PRIMARY KEY,
  monthly_tokens BIGINT NOT NULL COMMENT '0: no limit',
  updated_at DATETIME(6) NOT NULL
) DEFAULT CHARSET = utf8mb4 COMMENT = 'where the limit is not that of the settings';

ALTER TABLE platform_task_logs
  ADD COLUMN ai_tokens BIGINT NOT NULL DEFAULT 0 COMMENT 'of all calls of ai() in this attempt';
