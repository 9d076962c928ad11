package pdf

// Column is a column of a Table.
type Column struct {
	Name  string
	Width float64 // share of the page's width, in relation to the others'; it is at least as wide as its name
}

// Table writes rows of cells under the names of columns, which are repeated on
// each page. A row's cells are broken into lines as they need.
func (d *Document) Table(columns []Column, rows [][]string) {
	widths := d.widths(columns)
	d.tableHead(columns, widths)
	d.f.SetDrawColor(205, 205, 205)
	for _, row := range rows {
		d.tableRow(columns, widths, row)
	}
	d.f.Ln(3)
}

// widths shares the page among columns: each as its share says, or wider where its name
// needs that, at the cost of the others.
func (d *Document) widths(columns []Column) []float64 {
	d.use("text", "B", small, 60)
	out, room, shares := make([]float64, len(columns)), d.width(), 0.0
	for _, c := range columns {
		shares += c.Width
	}
	for wider := true; wider; {
		wider = false
		for i, c := range columns {
			if need := d.f.GetStringWidth(d.drawable("text", c.Name)) + 2*d.f.GetCellMargin(); out[i] == 0 && c.Width/shares*room < need && need < room {
				out[i], room, shares, wider = need, room-need, shares-c.Width, true
			}
		}
	}
	for i, c := range columns {
		if out[i] == 0 {
			out[i] = c.Width / shares * room
		}
	}
	return out
}

func (d *Document) tableHead(columns []Column, widths []float64) {
	d.use("text", "B", small, 60)
	d.f.SetDrawColor(120, 120, 120)
	d.f.SetLineWidth(0.3)
	for i, c := range columns {
		d.f.CellFormat(widths[i], line+0.5, d.drawable("text", c.Name), "B", 0, "L", false, 0, "")
	}
	d.f.Ln(-1)
}

const rowLine = line - 0.8

func (d *Document) tableRow(columns []Column, widths []float64, row []string) {
	d.use("text", "", small, 30)
	cells := make([][]string, len(columns))
	height := 1
	for i := range columns {
		cells[i] = d.splitTo("text", at(row, i), widths[i])
		height = max(height, len(cells[i]))
	}
	for n := range height {
		if _, page := d.f.GetPageSize(); d.f.GetY()+rowLine > page-margin {
			d.f.AddPage()
			d.tableHead(columns, widths)
			d.use("text", "", small, 30)
		}
		for i := range columns {
			d.f.CellFormat(widths[i], rowLine, at(cells[i], n), "", 0, "L", false, 0, "")
		}
		d.f.Ln(-1)
	}
	d.f.SetDrawColor(205, 205, 205)
	d.f.SetLineWidth(0.1)
	y := d.f.GetY() + 0.4
	d.f.Line(margin, y, margin+d.width(), y)
	d.f.SetY(y + 0.6)
}
