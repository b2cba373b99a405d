package sqlite

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"gin-blog/internal/files"
	"gin-blog/models"
)

// applicationID ("gblg") marks the files of gin-blog, to tell them from files of other programs.
const applicationID = 0x67626c67

// migrateTimeout bounds all migrations of a file and the copy before them, also while another process does them. To
// index a million posts again takes less than a minute on two cores, and some minutes on a slow disk.
const migrateTimeout = 30 * time.Minute

//go:embed migrations/*.sql
var migrations embed.FS

// scripts are the numbered migrations. Their number is the version of the schema.
var scripts = readScripts()

func readScripts() []string {
	files, err := migrations.ReadDir("migrations")
	scripts := make([]string, len(files))
	for i, file := range files {
		script, failed := migrations.ReadFile("migrations/" + file.Name())
		scripts[i], err = string(script), errors.Join(err, failed)
	}
	if err != nil { // the files are a part of the program
		panic(err)
	}
	return scripts
}

// create makes the file if there is none. Of several processes, one makes it, and nobody sees half of it.
func (s *Store) create(ctx context.Context) error {
	if _, err := os.Stat(s.path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	err := files.Make(s.path, func(f *os.File) error {
		defer removeJournal(f.Name())
		conn, err := connectWriter(f.Name())
		if err != nil {
			return err
		}
		if err = useWAL(conn); err == nil {
			err = inTransaction(ctx, conn, func() error { return apply(conn, 0) })
		}
		return errors.Join(err, conn.Close())
	})
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// compareVersion returns an error unless a schema is the one that this gin-blog knows.
func compareVersion(version int) error {
	switch known := len(scripts); {
	case version > known:
		return fmt.Errorf("a newer gin-blog made it: its schema has version %d, and this gin-blog knows %d: "+
			"run a newer gin-blog", version, known)
	case version < known:
		return fmt.Errorf("an older gin-blog made it: its schema has version %d, and this gin-blog needs %d: "+
			"start the server (gin-blog serve) on it once, which keeps a copy of it and brings it up to date",
			version, known)
	}
	return nil
}

// schemaVersion returns the version of a file's schema.
func schemaVersion(conn *sqlite.Conn) (int, error) { return lookUp[int](conn, `PRAGMA user_version`) }

// migrate applies the migrations that the file lacks, in one transaction, which excludes other processes. Before, it
// keeps a copy. If it does not get to its end, the file stays as it was.
func (s *Store) migrate(ctx context.Context, conn *sqlite.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, migrateTimeout)
	defer cancel()
	version, err := schemaVersion(conn)
	if err != nil || version == len(scripts) { // needs no lock, which another process may hold
		return err
	}
	s.log.Info("an older gin-blog made the database: bringing it up to date, requests get 503 until that is done",
		"file", s.path)
	m := &migration{conn: conn, path: s.path}
	for again := true; again && err == nil; {
		err = inTransaction(ctx, conn, func() (err error) {
			again, err = m.step(ctx)
			return err
		})
		if again && err == nil {
			err = useWAL(conn)
		}
	}
	if err != nil {
		return errors.Join(err, m.removeCopy(context.WithoutCancel(ctx)))
	}
	if m.copy == "" {
		s.log.Info("another process has brought the database up to date", "file", s.path)
		return nil
	}
	s.log.Info("the database is up to date", "file", s.path, "copyOfTheOldOne", m.copyName(m.version))
	if err := m.nameCopy(); err != nil {
		s.log.Warn("could not rename the copy, or remove those of earlier migrations", "copy", m.copy, "cause", err)
	}
	return nil
}

// migration is the work of bringing a file up to date.
type migration struct {
	conn    *sqlite.Conn
	path    string
	copy    string // the path of the copy until the migration is done, or "" if there is none
	version int    // of the schema in the copy
}

// step does one part of the migration, in a transaction: the copy, while the file is as it was, and the rest once it
// has a write-ahead log, with which a killed process leaves nothing to repair. It returns whether the log is missing.
func (m *migration) step(ctx context.Context) (again bool, err error) {
	version, err := schemaVersion(m.conn)
	if err != nil {
		return false, err
	}
	if version >= len(scripts) { // another process was faster, and names its copy
		m.copy = ""
		return false, compareVersion(version)
	}
	if _, err := os.Lstat(m.copy); err != nil && version > 0 {
		if err := m.keepCopy(ctx, version); err != nil {
			return false, err
		}
	}
	if mode, err := lookUp[string](m.conn, `PRAGMA journal_mode`); err != nil || mode != "wal" {
		return true, err
	}
	return false, apply(m.conn, version)
}

// copyName returns the path of the copy of a version, which ends with the number of the first migration that it lacks.
func (m *migration) copyName(version int) string {
	return fmt.Sprintf("%s.before-migration-%d", m.path, version+1)
}

// keepCopy copies the file of a version. A copy of an earlier migration stays until this one is done.
func (m *migration) keepCopy(ctx context.Context, version int) error {
	path := m.copyName(version) + ".new"
	dir, name := filepath.Split(path)
	if err := files.RemoveUnfinished(dir, name+"."); err != nil { // of processes that were killed
		return err
	}
	err := files.Replace(path, func(f *os.File) error { return copyTo(ctx, m.path, f) })
	if err != nil {
		return fmt.Errorf("keep a copy before the migration, which needs as much room in %s as the file has: %w", dir, err)
	}
	m.copy, m.version = path, version
	return nil
}

// nameCopy gives the copy the name under which it is kept, once the migration is done, and removes the copies of
// earlier migrations.
func (m *migration) nameCopy() error {
	err := os.Rename(m.copy, m.copyName(m.version))
	if err != nil {
		return err
	}
	for version := range m.version {
		if failed := os.Remove(m.copyName(version)); !errors.Is(failed, fs.ErrNotExist) {
			err = errors.Join(err, failed)
		}
	}
	return err
}

// removeCopy removes the copy of a migration that failed, unless another process has done the migration meanwhile, or
// is doing it.
func (m *migration) removeCopy(ctx context.Context) error {
	if m.copy == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, models.CallTimeout)
	defer cancel()
	return inTransaction(ctx, m.conn, func() error {
		version, err := schemaVersion(m.conn)
		if err != nil || version == len(scripts) {
			return err
		}
		return os.Remove(m.copy)
	})
}

// apply applies the migrations after a version.
func apply(conn *sqlite.Conn, version int) error {
	for i, script := range scripts[version:] {
		if err := sqlitex.ExecuteScript(conn, script, nil); err != nil {
			return fmt.Errorf("migration %d: %w", version+i+1, err)
		}
	}
	marks := fmt.Sprintf(`PRAGMA application_id = %d; PRAGMA user_version = %d`, applicationID, len(scripts))
	return sqlitex.ExecuteScript(conn, marks, nil)
}

// inTransaction runs do in a transaction that excludes other writers. It waits for them until ctx ends.
func inTransaction(ctx context.Context, conn *sqlite.Conn, do func() error) (err error) {
	defer conn.SetInterrupt(conn.SetInterrupt(ctx.Done()))
	end, err := sqlitex.ImmediateTransaction(conn)
	if err != nil {
		return err
	}
	defer end(&err)
	return do()
}
