-- What scripts keep from run to run: `set_var`.
CREATE TABLE platform_script_vars (
  task_id INT NOT NULL,
  var_key VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  var_value MEDIUMTEXT NOT NULL COMMENT 'JSON',
  updated_at DATETIME(6) NOT NULL,
  PRIMARY KEY (task_id, var_key)
) DEFAULT CHARSET = utf8mb4;
