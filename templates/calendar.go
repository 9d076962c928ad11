package templates

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // the same dates on a machine without a time zone database
)

// calendar writes dates as natives of one language do.
type calendar struct {
	months, shortMonths, weekdays      []string
	firstDay                           string // of a month: 1, or 1er
	day, short, moment, exact, compact phrase
	home                               *time.Location
}

func newCalendar(t *texts, home *time.Location) (calendar, error) {
	c := calendar{home: home}
	for key, words := range map[string]*[]string{"date.months": &c.months, "date.short_months": &c.shortMonths, "date.weekdays": &c.weekdays} {
		*words = strings.Fields(t.messages[key].other.text(nil))
	}
	c.firstDay = t.messages["date.first_day"].other.text(nil)
	if len(c.months) != 12 || len(c.shortMonths) != 12 || len(c.weekdays) != 7 {
		return c, fmt.Errorf("locale %s: date.months, date.short_months and date.weekdays need 12, 12 and 7 words", t.tag)
	}
	for key, p := range map[string]*phrase{"date.day": &c.day, "date.short": &c.short, "date.moment": &c.moment, "date.exact": &c.exact, "date.compact": &c.compact} {
		if *p = t.messages[key].other; len(*p) == 0 {
			return c, fmt.Errorf("locale %s: %s is missing", t.tag, key)
		}
	}
	return c, nil
}

// clock is write for a time of the day: the zone is said with it (M12).
func (c *calendar) clock(p phrase, zone *time.Location, t time.Time) template.HTML {
	if t.IsZero() {
		return ""
	}
	if zone == nil {
		zone = c.home
	}
	name := t.In(zone).Format("MST")
	if strings.ContainsAny(name[:1], "+-") {
		name = "UTC" + name
	}
	return c.write(append(p[:len(p):len(p)], segment{text: " " + name}), zone, t)
}

// write gives t in the zone (nil: the home zone) as the phrase says, inside a
// time element that holds the exact instant.
func (c *calendar) write(p phrase, zone *time.Location, t time.Time) template.HTML {
	if t.IsZero() {
		return ""
	}
	var b strings.Builder
	b.WriteString(`<time datetime="`)
	b.WriteString(t.UTC().Format(time.RFC3339))
	b.WriteString(`">`)
	b.WriteString(template.HTMLEscapeString(c.plain(p, zone, t)))
	b.WriteString("</time>")
	return template.HTML(b.String())
}

func (c *calendar) plain(p phrase, zone *time.Location, t time.Time) string {
	if zone == nil {
		zone = c.home
	}
	t = t.In(zone)
	year, month, day := t.Date()
	var b strings.Builder
	for _, s := range p {
		switch s.text {
		case "Weekday":
			b.WriteString(c.weekdays[t.Weekday()])
		case "Day":
			if day == 1 {
				b.WriteString(c.firstDay)
			} else {
				b.WriteString(strconv.Itoa(day))
			}
		case "Month":
			b.WriteString(c.months[month-1])
		case "ShortMonth":
			b.WriteString(c.shortMonths[month-1])
		case "Year":
			b.WriteString(strconv.Itoa(year))
		case "Hour":
			b.WriteString(twoDigits(t.Hour()))
		case "Minute":
			b.WriteString(twoDigits(t.Minute()))
		case "Second":
			b.WriteString(twoDigits(t.Second()))
		default:
			b.WriteString(s.text)
		}
	}
	return b.String()
}

func twoDigits(n int) string {
	return string([]byte{byte('0' + n/10), byte('0' + n%10)})
}
