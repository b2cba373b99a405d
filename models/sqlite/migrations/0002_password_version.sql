-- A session lives while its password_version is its user's: one write to users ends all the sessions that an old password
-- opened, and no login that crosses it opens another.

ALTER TABLE users ADD COLUMN password_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN password_version INTEGER NOT NULL DEFAULT 0;
