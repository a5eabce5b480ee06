-- How many runs of a tenant may go on at once.
ALTER TABLE platform_tenants
  ADD COLUMN max_running INT NULL COMMENT 'NULL: as the setting TENANT_MAX_RUNNING; 0: no limit';
