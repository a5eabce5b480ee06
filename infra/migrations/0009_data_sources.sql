-- The databases that scripts may read with `db_query`: one of each tenant, and the platform's.
CREATE TABLE platform_data_sources (
  id INT AUTO_INCREMENT PRIMARY KEY,
  tenant_id VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL COMMENT 'NULL: the platform',
  owner_key VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
    GENERATED ALWAYS AS (COALESCE(tenant_id, '_platform')) STORED,
  name VARCHAR(100) NOT NULL,
  dsn_sealed TEXT CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  dsn_shown VARCHAR(1500) NOT NULL COMMENT 'with a mask for the password',
  tls_ca MEDIUMTEXT NULL COMMENT 'PEM',
  created_at DATETIME(6) NOT NULL,
  updated_at DATETIME(6) NOT NULL,
  UNIQUE INDEX one_each (owner_key)
) DEFAULT CHARSET = utf8mb4;
