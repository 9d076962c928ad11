package store

import "strconv"

// subscriberObject names a person in the audit trail.
func subscriberObject(id int64) string { return "subscriber:" + strconv.FormatInt(id, 10) }
