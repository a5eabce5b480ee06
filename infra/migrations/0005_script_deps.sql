-- What `script_deps` come to: a bundle of packages, kept by its content. A task of before has
-- none yet; its next save makes one.
ALTER TABLE platform_scheduled_tasks
  ADD COLUMN deps_status ENUM('none', 'ready', 'unbuilt') NOT NULL DEFAULT 'none',
  ADD COLUMN deps_bundle CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'SHA-256',
  ADD COLUMN deps_python VARCHAR(10) NULL COMMENT 'the version of Python that it is for',
  ADD COLUMN deps_packages JSON NULL COMMENT 'name, version, sha256 and is_pure of each';

UPDATE platform_scheduled_tasks SET deps_status = 'unbuilt'
  WHERE execution_type = 'script' AND TRIM(COALESCE(script_deps, '')) <> '';

CREATE TABLE platform_script_bundles (
  requirements CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY
    COMMENT 'SHA-256 of what was asked for',
  bundle CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  packages JSON NOT NULL,
  built_at DATETIME(6) NOT NULL
) DEFAULT CHARSET = utf8mb4 COMMENT = 'bundles made lately: a test and the save after it share one';
