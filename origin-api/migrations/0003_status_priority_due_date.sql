-- Columns are added and dropped, not the table made anew: that keeps the sequence of ids, so that a deleted one does not
-- come back.
ALTER TABLE tasks ADD COLUMN status TEXT NOT NULL DEFAULT 'todo' CHECK (status IN ('todo', 'in_progress', 'done'));
ALTER TABLE tasks ADD COLUMN priority TEXT NOT NULL DEFAULT 'medium' CHECK (priority IN ('low', 'medium', 'high'));
-- YYYY-MM-DD, so that the order of the text is that of the days.
ALTER TABLE tasks ADD COLUMN due_date TEXT;

UPDATE tasks SET status = 'done' WHERE done = 1;
ALTER TABLE tasks DROP COLUMN done;

-- What a filter leaves is still found newest first without sorting.
CREATE INDEX tasks_by_status ON tasks (user_id, status);
CREATE INDEX tasks_by_priority ON tasks (user_id, priority);
