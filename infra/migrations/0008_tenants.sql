-- Tenants, and what the platform keeps for each.
CREATE TABLE platform_tenants (
  tenant_id VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL PRIMARY KEY,
  tenant_name VARCHAR(100) NOT NULL,
  is_enabled TINYINT(1) NOT NULL DEFAULT 1,
  created_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  updated_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)
) DEFAULT CHARSET = utf8mb4;

CREATE TABLE platform_tenant_configs (
  tenant_id VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  app_code VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  config_key VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  config_value MEDIUMTEXT NOT NULL COMMENT 'JSON',
  created_at DATETIME(6) NOT NULL,
  updated_at DATETIME(6) NOT NULL,
  PRIMARY KEY (tenant_id, app_code, config_key),
  INDEX of_app (app_code, config_key, tenant_id)
) DEFAULT CHARSET = utf8mb4;

-- Until now a tenant was whatever id somebody gave; those become rows.
INSERT IGNORE INTO platform_tenants (tenant_id, tenant_name)
SELECT tenant_id, tenant_id FROM (
  SELECT DISTINCT tenant_id FROM platform_scheduled_tasks
  UNION SELECT DISTINCT tenant_id FROM platform_task_notify_channels
  UNION SELECT DISTINCT tenant_id FROM platform_api_keys
  UNION SELECT DISTINCT tenant_id FROM platform_task_logs
) known WHERE tenant_id <> '';
