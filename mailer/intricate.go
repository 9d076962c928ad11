package mailer

import "strings"

// Bounds of a block of Markdown, which no mail comes near. The parser's time
// grows with the square of each, up to half a minute for 20 KB (P33).
const (
	maxNesting = 50     // quotes and lists in one another
	maxColumns = 100    // of a table
	maxCells   = 20_000 // of all tables together; short rows are filled up
	maxSigns   = 2000   // that can begin or end emphasis, code or a link
)

// intricate reports whether some block of Markdown is over the bounds. Blocks
// are what blank lines separate.
func intricate(src string) bool {
	signs, lines, columns, cells := 0, 0, 0, 0
	for line := range strings.Lines(src) {
		if strings.TrimSpace(line) == "" {
			cells += lines * columns
			signs, lines, columns = 0, 0, 0
			continue
		}
		lines++
		columns = max(columns, strings.Count(line, "|"))
		for i := range len(line) {
			if strings.IndexByte("*_~`[]!<&", line[i]) >= 0 {
				signs++
			}
		}
		if signs > maxSigns || columns > maxColumns || cells+lines*columns > maxCells || nesting(line) > maxNesting {
			return true
		}
	}
	return false
}

// nesting gives how many quotes and lists a line begins at most.
func nesting(line string) int {
	rest := strings.TrimLeft(line, " \t>-+*0123456789.)")
	start := line[:len(line)-len(rest)]
	return strings.Count(start, ">") + strings.Count(start, "- ") + strings.Count(start, "+ ") + strings.Count(start, "* ") +
		strings.Count(start, ". ") + strings.Count(start, ") ")
}
