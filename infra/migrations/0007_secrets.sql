-- What scripts ask for by name: `get_secret`. UNIQUE keys take every NULL for another value, so
-- whose a secret is stands in a column of its own, where NULL is `_platform`.
CREATE TABLE platform_secrets (
  id INT AUTO_INCREMENT PRIMARY KEY,
  tenant_id VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL COMMENT '租户ID,空为平台',
  owner_id VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
    GENERATED ALWAYS AS (COALESCE(tenant_id, '_platform')) STORED,
  secret_key VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  ciphertext TEXT CHARACTER SET ascii COLLATE ascii_bin NOT NULL
    COMMENT 'sealed: chalicelib/domain/cipher.py',
  description VARCHAR(255),
  is_shared TINYINT(1) NOT NULL DEFAULT 0 COMMENT 'the platform''s that all tenants may read',
  created_at DATETIME(6) NOT NULL,
  updated_at DATETIME(6) NOT NULL,
  updated_by VARCHAR(100) NOT NULL,
  UNIQUE KEY one_of_a_name (owner_id, secret_key),
  KEY of_tenant (tenant_id, id)
) DEFAULT CHARSET = utf8mb4;
