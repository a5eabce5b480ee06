-- Applications of WeCom that tasks send by, and the tokens that are fetched for them.
CREATE TABLE platform_wecom_apps (
  id INT AUTO_INCREMENT PRIMARY KEY,
  tenant_id VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL COMMENT '租户ID,空为平台',
  app_name VARCHAR(100) NOT NULL,
  corpid VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  agentid INT NOT NULL,
  secret_sealed TEXT CHARACTER SET ascii COLLATE ascii_bin NOT NULL
    COMMENT 'chalicelib/domain/cipher.py, in the context of the corpid',
  touser VARCHAR(2000) NULL COMMENT 'a|b or @all',
  toparty VARCHAR(500) NULL,
  totag VARCHAR(500) NULL,
  api_base VARCHAR(200) NULL COMMENT 'NULL: https://qyapi.weixin.qq.com',
  description VARCHAR(255) NULL,
  is_enabled TINYINT(1) NOT NULL DEFAULT 1,
  created_at DATETIME(6) NOT NULL,
  updated_at DATETIME(6) NOT NULL,
  KEY of_tenant (tenant_id, id)
) DEFAULT CHARSET = utf8mb4;

CREATE TABLE platform_wecom_tokens (
  app_key BINARY(32) PRIMARY KEY COMMENT 'SHA-256 of where, corpid and secret',
  token_sealed TEXT CHARACTER SET ascii COLLATE ascii_bin NULL,
  expires_at DATETIME(6) NULL
) DEFAULT CHARSET = utf8mb4;
