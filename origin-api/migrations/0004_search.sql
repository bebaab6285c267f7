-- The index of words over titles and descriptions. It keeps no text of its own (external content), so triggers tell it
-- what a row said before and says now. The owner is indexed too: a search then walks the entries of one user only, and
-- costs the same however many others there are.
CREATE VIRTUAL TABLE task_words USING fts5 (
    title,
    description,
    user_id,
    content = 'tasks',
    content_rowid = 'id',
    tokenize = 'unicode61 remove_diacritics 2',
    prefix = '2 3'
);

INSERT INTO task_words (task_words) VALUES ('rebuild');

CREATE TRIGGER tasks_words_insert AFTER INSERT ON tasks BEGIN
    INSERT INTO task_words (rowid, title, description, user_id)
    VALUES (new.id, new.title, new.description, new.user_id);
END;

CREATE TRIGGER tasks_words_delete AFTER DELETE ON tasks BEGIN
    INSERT INTO task_words (task_words, rowid, title, description, user_id)
    VALUES ('delete', old.id, old.title, old.description, old.user_id);
END;

CREATE TRIGGER tasks_words_update AFTER UPDATE OF title, description, user_id ON tasks BEGIN
    INSERT INTO task_words (task_words, rowid, title, description, user_id)
    VALUES ('delete', old.id, old.title, old.description, old.user_id);
    INSERT INTO task_words (rowid, title, description, user_id)
    VALUES (new.id, new.title, new.description, new.user_id);
END;
