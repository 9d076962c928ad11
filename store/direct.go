package store

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// direct is the writer's connection, spoken to through its driver. Package
// sql adds locks, a copy of each value and conversions by reflection, which
// together cost more than the statements themselves (docs/adr/0002). One
// goroutine uses it.
type direct struct {
	conn   driver.Conn
	stmts  map[string]*statement
	args   []driver.NamedValue
	writes int // statements so far that were no SELECT
}

type statement struct {
	driver.Stmt
	writes bool
}

// pinned speaks directly to a connection that stays out of its pool for good.
func pinned(c *sql.Conn) (*direct, error) {
	d := &direct{stmts: map[string]*statement{}}
	return d, c.Raw(func(conn any) error {
		d.conn = conn.(driver.Conn)
		return nil
	})
}

func (d *direct) close() error {
	var err error
	for _, x := range d.stmts {
		err = errors.Join(err, x.Close())
	}
	return err
}

// stmt gives the prepared statement of a query; queries are constants, so the
// number of statements is bounded.
func (d *direct) stmt(query string) (driver.Stmt, error) {
	x, ok := d.stmts[query]
	if !ok {
		prepared, err := d.conn.(driver.ConnPrepareContext).PrepareContext(context.Background(), query)
		if err != nil {
			return nil, err
		}
		x = &statement{prepared, !strings.HasPrefix(strings.TrimSpace(query), "SELECT")}
		d.stmts[query] = x
	}
	if x.writes {
		d.writes++
	}
	return x.Stmt, nil
}

// bind gives args as the driver takes them, until the next call.
func (d *direct) bind(args []any) ([]driver.NamedValue, error) {
	d.args = d.args[:0]
	for i, a := range args {
		v := driver.NamedValue{Ordinal: i + 1}
		switch a := a.(type) {
		case int64, string, []byte, bool, nil:
			v.Value = a
		case int:
			v.Value = int64(a)
		default:
			var err error
			if v.Value, err = driver.DefaultParameterConverter.ConvertValue(a); err != nil {
				return nil, fmt.Errorf("parameter %d: %w", i+1, err)
			}
		}
		d.args = append(d.args, v)
	}
	return d.args, nil
}

// ready gives the statement of a query and its args as the driver takes them,
// until the next call.
func (d *direct) ready(query string, args []any) (driver.Stmt, []driver.NamedValue, error) {
	stmt, err := d.stmt(query)
	if err != nil {
		return nil, nil, err
	}
	values, err := d.bind(args)
	return stmt, values, err
}

func (d *direct) exec(query string, args ...any) (driver.Result, error) {
	stmt, values, err := d.ready(query, args)
	if err != nil {
		return nil, err
	}
	return stmt.(driver.StmtExecContext).ExecContext(context.Background(), values)
}

func (d *direct) query(query string, args ...any) (rows, error) {
	stmt, values, err := d.ready(query, args)
	if err != nil {
		return nil, err
	}
	r, err := stmt.(driver.StmtQueryContext).QueryContext(context.Background(), values)
	if err != nil {
		return nil, err
	}
	return &directRows{rows: r, values: make([]driver.Value, len(r.Columns()))}, nil
}

func (d *direct) queryRow(query string, args ...any) row {
	r, err := d.query(query, args...)
	if err != nil {
		return failedRow{err}
	}
	return onlyRow{r}
}

// onlyRow is the first row of a result; without one, scanning gives
// sql.ErrNoRows.
type onlyRow struct{ rows }

func (r onlyRow) Scan(dest ...any) error {
	defer r.Close()
	if !r.Next() {
		return cmp.Or(r.Err(), sql.ErrNoRows)
	}
	if err := r.rows.Scan(dest...); err != nil {
		return err
	}
	for r.Next() { // a RETURNING statement is done when all its rows were read
	}
	return errors.Join(r.Err(), r.Close())
}

// directRows reads the rows of one result.
type directRows struct {
	rows   driver.Rows
	values []driver.Value
	err    error
	closed bool
}

func (r *directRows) Next() bool {
	if r.closed {
		return false
	}
	err := r.rows.Next(r.values)
	if err == nil {
		return true
	}
	if !errors.Is(err, io.EOF) {
		r.err = err
	}
	r.err = errors.Join(r.err, r.Close())
	return false
}

func (r *directRows) Err() error { return r.err }

func (r *directRows) Close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	return r.rows.Close()
}

func (r *directRows) Scan(dest ...any) error {
	if len(dest) != len(r.values) {
		return fmt.Errorf("%d columns are scanned into %d values", len(r.values), len(dest))
	}
	for i, d := range dest {
		if err := assign(d, r.values[i]); err != nil {
			return fmt.Errorf("column %d (%s): %w", i+1, r.rows.Columns()[i], err)
		}
	}
	return nil
}

// assign stores a driver's value where dest points, with the few conversions
// that the store's columns need. Numbers stand for booleans on SQLite.
func assign(dest any, v driver.Value) error {
	switch d := dest.(type) {
	case *int64:
		if n, ok := v.(int64); ok {
			*d = n
			return nil
		}
	case *int:
		if n, ok := v.(int64); ok {
			*d = int(n)
			return nil
		}
	case *string:
		if s, ok := v.(string); ok {
			*d = s
			return nil
		}
	case *[]byte:
		if b, ok := v.([]byte); ok || v == nil {
			*d = bytes.Clone(b)
			return nil
		}
	case *bool:
		switch x := v.(type) {
		case bool:
			*d = x
			return nil
		case int64:
			*d = x != 0
			return nil
		}
	case sql.Scanner:
		return d.Scan(v)
	}
	return assignKind(dest, v)
}

// assignKind is assign for named types.
func assignKind(dest any, v driver.Value) error {
	d := reflect.ValueOf(dest).Elem()
	switch x := v.(type) {
	case string:
		if d.Kind() == reflect.String {
			d.SetString(x)
			return nil
		}
		if b, ok := dest.(*[]byte); ok {
			*b = []byte(x)
			return nil
		}
	case []byte:
		if d.Kind() == reflect.String {
			d.SetString(string(x))
			return nil
		}
	case int64:
		if d.CanInt() {
			d.SetInt(x)
			return nil
		}
		if d.CanUint() && x >= 0 {
			d.SetUint(uint64(x))
			return nil
		}
	}
	return fmt.Errorf("a %T can't be stored in a %s", v, d.Type())
}
