package main

import (
	"errors"
	"fmt"
	"net/netip"
	"os"

	"github.com/oschwald/maxminddb-golang/v2"
)

// checkCountries reads the file of countries into memory: a file that is
// replaced or cut while the server runs changes nothing.
func checkCountries(s *site) error {
	if s.Countries == "" {
		return nil
	}
	data, err := os.ReadFile(s.Countries)
	if err != nil {
		return fmt.Errorf("AKKOORD_COUNTRIES: %s can't be read: make it readable, or leave the setting out", s.Countries)
	}
	s.country, err = countries(data)
	if err != nil {
		return fmt.Errorf("AKKOORD_COUNTRIES: %s is no MMDB file of countries, or not a whole one: fetch it again", s.Countries)
	}
	return nil
}

// countries gives the function that finds an address's country in an MMDB file.
func countries(data []byte) (func(netip.Addr) string, error) {
	file, err := maxminddb.OpenBytes(data)
	if err != nil {
		return nil, err
	}
	if err := sample(file); err != nil {
		return nil, err
	}
	return func(a netip.Addr) string {
		code, err := country(file.Lookup(a))
		if err != nil { // an IPv6 address in a file of IPv4
			return ""
		}
		return code
	}, nil
}

// sample reads the first networks of a file and finds out whether they have
// countries. Verify of the library refuses files that lack a description, as
// the one that docs/operations.md names does.
func sample(file *maxminddb.Reader) error {
	found := 0
	for network := range file.Networks() {
		code, err := country(network)
		if err != nil {
			return err
		}
		if len(code) == 2 {
			found++
		}
		if found == 1000 {
			break
		}
	}
	if found == 0 {
		return errors.New("no network has a country")
	}
	return nil
}

// country gives the country in a record, in either of the two ways in which
// such files name it.
func country(r maxminddb.Result) (string, error) {
	var record struct {
		Code    string `maxminddb:"country_code"`
		Country struct {
			Code string `maxminddb:"iso_code"`
		} `maxminddb:"country"`
	}
	if err := r.Decode(&record); err != nil {
		return "", err
	}
	if record.Code == "" {
		return record.Country.Code, nil
	}
	return record.Code, nil
}
