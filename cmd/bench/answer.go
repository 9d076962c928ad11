package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strconv"
)

// answer is what the generator notices of an HTTP/1.1 answer.
type answer struct {
	status int
	last   bool   // Connection: close
	start  string // of the body of an error, 200 bytes at most
}

// readAnswer reads one answer (RFC 9112) and skips its body, whose length is
// given or which comes in chunks.
func readAnswer(r *bufio.Reader) (answer, error) {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return answer{}, fmt.Errorf("status line: %w", err)
	}
	if len(line) < len("HTTP/1.1 200") {
		return answer{}, fmt.Errorf("not HTTP: %.40q", line)
	}
	var a answer
	if a.status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return a, fmt.Errorf("not HTTP: %.40q", line)
	}
	length, chunked := 0, false
	for {
		if line, err = r.ReadSlice('\n'); err != nil {
			return a, fmt.Errorf("header: %w", err)
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		switch name, value, _ := bytes.Cut(line, []byte(":")); {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return a, fmt.Errorf("header: %w", err)
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			chunked = bytes.EqualFold(bytes.TrimSpace(value), []byte("chunked"))
		case bytes.EqualFold(name, []byte("Connection")):
			a.last = bytes.EqualFold(bytes.TrimSpace(value), []byte("close"))
		}
	}
	if chunked {
		return a, a.skipChunks(r)
	}
	return a, a.skip(r, length)
}

func (a *answer) skip(r *bufio.Reader, length int) error {
	if a.status >= 400 && a.start == "" {
		start := make([]byte, min(length, 200))
		if _, err := io.ReadFull(r, start); err != nil {
			return fmt.Errorf("body: %w", err)
		}
		a.start = string(start)
		length -= len(start)
	}
	if _, err := r.Discard(length); err != nil {
		return fmt.Errorf("body: %w", err)
	}
	return nil
}

func (a *answer) skipChunks(r *bufio.Reader) error {
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return fmt.Errorf("chunk: %w", err)
		}
		size, err := strconv.ParseUint(string(bytes.TrimSpace(line)), 16, 31)
		if err != nil {
			return fmt.Errorf("chunk: %w", err)
		}
		if err := a.skip(r, int(size)); err != nil {
			return err
		}
		if _, err := r.Discard(len("\r\n")); err != nil {
			return fmt.Errorf("chunk: %w", err)
		}
		if size == 0 {
			return nil
		}
	}
}
