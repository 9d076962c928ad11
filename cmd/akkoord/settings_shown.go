package main

import (
	"reflect"
	"slices"
	"strings"

	"akkoord/server/admin"
)

// openSettings are those whose values the admin site shows. All others may hold
// passwords or keys, also in the middle of an address: of them it says only whether
// they are set.
var openSettings = []string{
	"AKKOORD_SECRET_FILE", "AKKOORD_JOURNAL", "AKKOORD_LISTEN", "AKKOORD_URL", "AKKOORD_TLS", "AKKOORD_OPS_LISTEN", "AKKOORD_SMTP_PROCESSOR",
	"AKKOORD_SIGNUPS_PER_IP", "AKKOORD_IP_POLICY", "AKKOORD_MAIL_CAP", "AKKOORD_WARMUP", "AKKOORD_FROM", "AKKOORD_CONTROLLER", "AKKOORD_POSTAL_ADDRESS",
	"AKKOORD_PRIVACY_CONTACT", "AKKOORD_DPO", "AKKOORD_RETURN_PATH", "AKKOORD_UNSUBSCRIBE_MAILBOX", "AKKOORD_DKIM", "AKKOORD_TRUSTED_PROXIES",
	"AKKOORD_COUNTRIES", "AKKOORD_CHECK_MX", "AKKOORD_BRAND_COLOUR", "AKKOORD_BACKUP_AGE", "AKKOORD_EVIDENCE_MAIL", "AKKOORD_TWO_PERSONS", "AKKOORD_TRANSACTIONAL_KEPT",
	"AKKOORD_OIDC_ISSUER", "AKKOORD_OIDC_CLIENT_ID", "AKKOORD_OIDC_CLIENT_SECRET_FILE", "AKKOORD_OIDC_NAME", "AKKOORD_LOG_FORMAT", "AKKOORD_LOG_LEVEL",
}

// shown gives the settings in force, for whoever sets the installation up.
func (s *site) shown() (all []admin.Setting) {
	for _, of := range []reflect.Value{reflect.ValueOf(s.databaseSettings), reflect.ValueOf(s.settings)} {
		for i := range of.NumField() {
			tag := of.Type().Field(i).Tag
			name := tag.Get("env")
			if name == "" {
				continue
			}
			set := admin.Setting{Name: name, Help: tag.Get("help")}
			value := of.Field(i)
			if open := slices.Contains(openSettings, name); !open {
				set.Secret = !value.IsZero()
			} else if many, ok := value.Interface().([]string); ok {
				set.Value = strings.Join(many, ",")
			} else {
				set.Value = value.String()
			}
			all = append(all, set)
		}
	}
	return all
}
