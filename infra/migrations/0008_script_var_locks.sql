-- One row for each task that has had variables: who changes them holds it, so that the caps on
-- their number and size are exact. The task's own row will not do: a tick passes over it.
CREATE TABLE platform_script_var_locks (
  task_id INT NOT NULL PRIMARY KEY
) DEFAULT CHARSET = utf8mb4;
