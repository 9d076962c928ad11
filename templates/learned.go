package templates

import (
	"time"

	"akkoord"
)

// LearnedTopic is a topic that somebody is taken to like by what they clicked.
type LearnedTopic struct {
	Topic, Name string
	Links       int
	LastAt      time.Time
}

// Numbers are after how many links a purpose can learn.
func (LearnChoice) Numbers() []int {
	out := make([]int, akkoord.LearnMost)
	for i := range out {
		out[i] = i + 1
	}
	return out
}

// LearnChoice is after how many links of a topic a purpose takes it for liked.
type LearnChoice struct {
	Action string // empty: not for this user
	After  int    // 0: it learns nothing
}
