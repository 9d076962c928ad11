package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// helper is a long-lived role of this binary: the Echo server or the sink. It
// ends when its standard input does, so it can't outlive the bench.
type helper struct {
	addr string // where it listens: its first line of output
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
}

// startHelper starts a role and waits until it listens.
func startHelper(ctx context.Context, role string) (*helper, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", role, err)
	}
	h := &helper{cmd: exec.CommandContext(ctx, self, role)}
	h.cmd.Stderr = os.Stderr
	out, err := h.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", role, err)
	}
	if h.in, err = h.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("start %s: %w", role, err)
	}
	if err := h.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", role, err)
	}
	h.out = bufio.NewReader(out)
	line, err := h.out.ReadString('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: it did not say where it listens", role), h.stop())
	}
	h.addr = strings.TrimSpace(line)
	return h, nil
}

// ask sends one line of JSON to the helper and reads its one line of answer.
func (h *helper) ask(question, answer any) error {
	line, err := json.Marshal(question)
	if err != nil {
		return err
	}
	if _, err := h.in.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("ask helper: %w", err)
	}
	if line, err = h.out.ReadBytes('\n'); err != nil {
		return fmt.Errorf("ask helper: %w", err)
	}
	return json.Unmarshal(line, answer)
}

func (h *helper) pid() int { return h.cmd.Process.Pid }

func (h *helper) stop() error {
	h.in.Close()
	if err := h.cmd.Wait(); err != nil {
		return fmt.Errorf("stop helper: %w", err)
	}
	return nil
}

// once runs a short-lived role of this binary: order goes in as an argument,
// the result comes back on standard output.
func once[Result any](ctx context.Context, role string, order any) (Result, error) {
	var result Result
	arg, err := json.Marshal(order)
	if err != nil {
		return result, err
	}
	self, err := os.Executable()
	if err != nil {
		return result, err
	}
	var complaint bytes.Buffer
	cmd := exec.CommandContext(ctx, self, role, string(arg))
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return result, fmt.Errorf("%s: %w: %s", role, err, strings.TrimSpace(complaint.String()))
	}
	if err := json.Unmarshal(out, &result); err != nil {
		return result, fmt.Errorf("%s: %w", role, err)
	}
	return result, nil
}

// play is the other end of once.
func play[Order, Result any](args []string, stdout io.Writer, role func(Order) (Result, error)) error {
	var order Order
	if len(args) != 1 {
		return errors.New("this role takes one argument")
	}
	if err := json.Unmarshal([]byte(args[0]), &order); err != nil {
		return err
	}
	result, err := role(order)
	if err != nil {
		return err
	}
	return json.NewEncoder(stdout).Encode(result)
}

// ownCPU is the processor time that this process has used, in seconds.
func ownCPU() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// cpuOf is the processor time that a process has used, in seconds, from
// /proc/PID/stat (in ticks of 1/100 s, proc(5)).
func cpuOf(pid int) (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("processor time: %w", err)
	}
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	const utime, stime = 14 - 3, 15 - 3
	if len(fields) <= stime {
		return 0, errors.New("processor time: /proc has an unknown form")
	}
	user, err := strconv.ParseFloat(fields[utime], 64)
	if err != nil {
		return 0, fmt.Errorf("processor time: %w", err)
	}
	system, err := strconv.ParseFloat(fields[stime], 64)
	if err != nil {
		return 0, fmt.Errorf("processor time: %w", err)
	}
	return (user + system) / 100, nil
}

// memory is what a process holds, in MiB: resident now, and at most so far.
type memory struct{ now, peak float64 }

// memoryOf reads VmRSS and VmHWM of /proc/PID/status.
func memoryOf(pid int) (memory, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return memory{}, fmt.Errorf("memory: %w", err)
	}
	var m memory
	for line := range strings.Lines(string(b)) {
		name, value, _ := strings.Cut(line, ":")
		kib, _ := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 64)
		switch name {
		case "VmRSS":
			m.now = kib / 1024
		case "VmHWM":
			m.peak = kib / 1024
		}
	}
	if m.peak == 0 {
		return m, errors.New("memory: /proc does not tell")
	}
	return m, nil
}
