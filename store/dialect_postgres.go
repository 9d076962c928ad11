package store

import "errors"

func parsePostgres(string) (dialect, error) { return nil, errors.New("PostgreSQL is not there yet") }
