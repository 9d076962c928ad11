package main

import (
	"fmt"
	"io"
	"os"
	"time"
)

// progress gives a callback that keeps one line on a terminal up to date, with
// the time left once there is enough to tell it from. Elsewhere it is silent.
func progress(w io.Writer, unit string) func(done, total int64) {
	f, ok := w.(*os.File)
	if !ok {
		return func(int64, int64) {}
	}
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return func(int64, int64) {}
	}
	start, last := time.Now(), time.Time{}
	return func(done, total int64) {
		now := time.Now()
		if done < total && now.Sub(last) < 200*time.Millisecond {
			return
		}
		last = now
		fmt.Fprintf(f, "\r%d of %d %s", done, total, unit)
		if spent := now.Sub(start); done > 0 && done < total && spent > 2*time.Second {
			left := time.Duration(float64(spent) * float64(total-done) / float64(done))
			fmt.Fprintf(f, ", %v left  ", left.Round(time.Second))
		}
		if done >= total {
			fmt.Fprint(f, "        \n")
		}
	}
}
